;; Stores past the end of memory, at the far end of the 32-bit address plus the 32-bit offset.
;; run: => trap "out of bounds memory access"
(module (memory (export "memory") 1)
  (func (export "_start") (i64.store offset=4294967295 (i32.const -1) (i64.const 1))))
