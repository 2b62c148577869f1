;; Loops whose rounds are known before the first: neither counter nor safepoint within, both behind strips.
(module
  (memory 1)
  (func (export "sum") (param $count i32) (result i32)
    (local $at i32) (local $sum i32)
    (loop $next
      (local.set $sum (i32.add (local.get $sum) (i32.load (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br_if $next (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (local.get $sum))
  (func (export "hash") (param $count i32) (result i32)
    (local $hash i32)
    (loop $next
      (local.set $hash (i32.rotl (i32.xor (local.get $hash) (local.get $count)) (i32.const 5)))
      (br_if $next (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (local.get $hash))
  (func (export "fill_few") (param $byte i32)
    (local $at i32)
    (loop $next
      (i32.store8 (local.get $at) (local.get $byte))
      (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (i32.const 1000))))))
