;; Indirect calls past the table, to an empty element, and to a function of another type.
;; run: --invoke past => trap "undefined element"
;; run: --invoke empty => trap "uninitialized element"
;; run: --invoke other => trap "indirect call type mismatch"
;; run: --invoke right => ok
(module (memory (export "memory") 1) (type $v (func)) (type $i (func (param i32)))
  (table 4 4 funcref) (elem (i32.const 0) $nothing $one)
  (func $nothing) (func $one (param i32))
  (global $k (mut i32) (i32.const 0))
  (func (export "past") (call_indirect (type $v) (i32.const 4)))
  (func (export "empty") (call_indirect (type $v) (i32.const 3)))
  (func (export "other") (call_indirect (type $v) (i32.const 1)))
  (func (export "right") (call_indirect (type $v) (i32.const 0))))
