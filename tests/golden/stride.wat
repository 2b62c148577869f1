;; The inner loop of a sieve, whose distance only the run knows: scalar stores, and two rounds for one safepoint. Where
;; the number of rounds could be had by a division, it is not divided.
;; cpu: x86-64-v4
(module
  (memory 1)
  (func (export "cross_off") (param $at i32) (param $step i32) (param $end i32)
    (loop $next
      (i32.store8 (local.get $at) (i32.const 0))
      (br_if $next
        (i32.lt_u (local.tee $at (i32.add (local.get $at) (local.get $step))) (local.get $end)))))
  (func (export "cross_off_countable") (param $at i32) (param $step i32) (param $end i32)
    (local.set $at (i32.and (local.get $at) (i32.const 0xffff)))
    (local.set $step (i32.or (i32.and (local.get $step) (i32.const 0xff)) (i32.const 2)))
    (local.set $end (i32.and (local.get $end) (i32.const 0xffff)))
    (loop $next
      (i32.store8 (local.get $at) (i32.const 0))
      (br_if $next
        (i32.lt_u (local.tee $at (i32.add (local.get $at) (local.get $step))) (local.get $end)))))
  ;; Behind a guard, as compilers rotate loops.
  (func (export "cross_off_guarded") (param $at i32) (param $step i32) (param $end i32)
    (local.set $end (i32.and (local.get $end) (i32.const 0xffff)))
    (local.set $step (i32.add (i32.and (local.get $step) (i32.const 0xff)) (i32.const 2)))
    (local.set $at (i32.mul (local.get $step) (local.get $step)))
    (if (i32.lt_u (local.get $at) (local.get $end))
      (then
        (loop $next
          (i32.store8 (local.get $at) (i32.const 0))
          (br_if $next
            (i32.lt_u (local.tee $at (i32.add (local.get $at) (local.get $step))) (local.get $end)))))))
  ;; Of which a division is all that the number of rounds takes.
  (func (export "cross_off_all") (param $step i32)
    (local $at i32)
    (local.set $step (i32.or (i32.and (local.get $step) (i32.const 0xff)) (i32.const 2)))
    (loop $next
      (i32.store8 (local.get $at) (i32.const 0))
      (br_if $next
        (i32.lt_u (local.tee $at (i32.add (local.get $at) (local.get $step))) (i32.const 8192))))))
