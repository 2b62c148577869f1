;; Loops with several exits, returns from the middle, and traps at the n-th round.
;; call: first_of 0 0 | first_of 1 0 | first_of 1000 999 | first_of 1000 1000 | first_of 1023 17 | first_of 1025 1024
;; call: three_ways 0 | three_ways 1 | three_ways 5 | three_ways 100 | three_ways 1024 | three_ways 4099
;; call: back_from_inner 1 1 | back_from_inner 33 31 | back_from_inner 40 1000
;; call: divide_until 0 | divide_until 1 | divide_until 31 | divide_until 1024
;; call: unreachable_at 1 | unreachable_at 16 | unreachable_at 1025
;; call: convert_until 5 | convert_until 200
;; call: read_until_out 65532 | read_until_out 65000 | read_until_out 0
;; call: write_until_out 65535 | write_until_out 60001
(module
  (memory (export "memory") 1)
  (global (export "rounds") (mut i32) (i32.const 0))
  ;; Index of the first i below n with i == wanted; n if there is none.
  (func (export "first_of") (param $n i32) (param $wanted i32) (result i32) (local $i i32)
    (block $none
      (loop $next
        (br_if $none (i32.ge_u (local.get $i) (local.get $n)))
        (if (i32.eq (local.get $i) (local.get $wanted)) (then (return (local.get $i))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))
    (local.get $n))
  ;; Leaves to one of three places, each with another bill.
  (func (export "three_ways") (param $n i32) (result i32) (local $x i32)
    (block $a
      (block $b
        (block $c
          (loop $next
            (br_if $c (i32.eqz (local.get $n)))
            (local.set $n (i32.sub (local.get $n) (i32.const 1)))
            (local.set $x (i32.add (i32.mul (local.get $x) (i32.const 1664525)) (i32.const 1013904223)))
            (br_if $a (i32.eq (i32.and (local.get $x) (i32.const 0xfff)) (i32.const 0x123)))
            (br_if $b (i32.eq (i32.shr_u (local.get $x) (i32.const 20)) (i32.const 0xfed)))
            (br_if $next (i32.and (local.get $x) (i32.const 1)))
            (global.set 0 (i32.add (global.get 0) (i32.const 1)))
            (br $next)))
        (return (i32.const 3)))
      (return (i32.add (local.get $n) (i32.const 2))))
    (i32.mul (local.get $n) (i32.const 5)))
  (func (export "back_from_inner") (param $n i32) (param $at i32) (result i32) (local $i i32) (local $j i32)
    (loop $outer
      (local.set $j (i32.const 0))
      (loop $inner
        (if (i32.eq (i32.mul (local.get $i) (local.get $j)) (local.get $at))
          (then (return (i32.add (i32.shl (local.get $i) (i32.const 16)) (local.get $j)))))
        (br_if $inner (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 1))) (local.get $n))))
      (br_if $outer (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (i32.const -1))
  (func (export "divide_until") (param $n i32) (result i32) (local $sum i32)
    (loop $next
      (local.set $sum (i32.add (local.get $sum) (i32.div_u (i32.const 1000000) (local.get $n))))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br $next))
    (unreachable))
  (func (export "unreachable_at") (param $n i32)
    (loop $next
      (if (i32.eqz (local.tee $n (i32.sub (local.get $n) (i32.const 1)))) (then (unreachable)))
      (br $next)))
  (func (export "convert_until") (param $n i32) (result i32) (local $x f64) (local $sum i32)
    (local.set $x (f64.const 1))
    (loop $next
      (local.set $x (f64.mul (local.get $x) (f64.const 1.5)))
      (local.set $sum (i32.add (local.get $sum) (i32.trunc_f64_u (local.get $x))))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))
  (func (export "read_until_out") (param $at i32) (result i32) (local $sum i32)
    (loop $next
      (local.set $sum (i32.add (local.get $sum) (i32.load (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br $next))
    (unreachable))
  (func (export "write_until_out") (param $at i32)
    (loop $next
      (i32.store8 (local.get $at) (i32.const 7))
      (global.set 0 (local.get $at))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br $next))))
