;; Division by zero and the overflow of the smallest number by -1 are traps, not signals.
;; run: => trap "integer divide by zero"
;; run: --invoke overflow => trap "integer overflow"
;; run: --invoke remainder => ok
(module (memory (export "memory") 1) (global $z (mut i32) (i32.const 0)) (global $m (mut i32) (i32.const -1))
  (func (export "_start") (drop (i32.div_s (i32.const 1) (global.get $z))))
  (func (export "overflow") (result i32) (i32.div_s (i32.const -2147483648) (global.get $m)))
  (func (export "remainder") (result i32) (i32.rem_s (i32.const -2147483648) (global.get $m))))
