;; none:58 The compiler moves a store before an access that traps: allowed, since a run ends at its trap and shows nothing of it.
(module
  (memory 13 14)
  (global $g (export "g") (mut i32) (i32.const 0))
  (func (export "") (result i32)
    (f64.load offset=840561 (i32.const -77407940))
    (global.set $g (i32.const 1))
    (drop)
    (i32.const 1)))
