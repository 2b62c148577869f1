;; The back edge holds the safepoint; a loop that never goes back has none.
(module
  (memory 1)
  (func (export "sum") (param $count i32) (result i32)
    (local $sum i32)
    (loop $next
      (local.set $sum (i32.add (local.get $sum) (i32.load8_u (local.get $count))))
      (br_if $next (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (local.get $sum))
  (func (export "endless") (loop $again (br $again)))
  (func (export "once") (param i32) (result i32) (loop (result i32) (local.get 0))))
