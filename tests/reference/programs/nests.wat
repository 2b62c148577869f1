;; Nested loops, and state machines whose loops have many entries (br_table into nested blocks).
;; call: triangle 0 | triangle 1 | triangle 2 | triangle 17 | triangle 64
;; call: cube 1 1 1 | cube 3 8 5 | cube 1 1024 2 | cube 33 4 31
;; call: machine 0 0 | machine 1 0 | machine 7 1 | machine 1023 2 | machine 1025 3 | machine 2000 9
;; call: two_entries 0 1 | two_entries 1 1 | two_entries 0 1024 | two_entries 1 1025 | two_entries 1 33
;; call: collatz 27 | collatz 97 | collatz 1
;; call: sieve 2 | sieve 100 | sieve 1024
;; call: stencil 3 | stencil 33 | stencil 1024
;; call: odd_even 16 | odd_even 1023
(module
  (memory (export "memory") 1)
  (func (export "triangle") (param $n i32) (result i32) (local $i i32) (local $j i32) (local $sum i32)
    (block $done
      (loop $outer
        (br_if $done (i32.eq (local.get $i) (local.get $n)))
        (local.set $j (i32.const 0))
        (block $row
          (loop $inner
            (br_if $row (i32.eq (local.get $j) (local.get $i)))
            (local.set $sum (i32.add (i32.xor (local.get $sum) (local.get $j)) (local.get $i)))
            (local.set $j (i32.add (local.get $j) (i32.const 1)))
            (br $inner)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $outer)))
    (local.get $sum))
  (func (export "cube") (param $a i32) (param $b i32) (param $c i32) (result i32)
    (local $i i32) (local $j i32) (local $k i32) (local $sum i32)
    (loop $x
      (local.set $j (i32.const 0))
      (loop $y
        (local.set $k (i32.const 0))
        (loop $z
          (local.set $sum (i32.add (local.get $sum) (i32.mul (local.get $k) (local.get $j))))
          (br_if $z (i32.lt_u (local.tee $k (i32.add (local.get $k) (i32.const 1))) (local.get $c))))
        (br_if $y (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 1))) (local.get $b))))
      (br_if $x (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $a))))
    (local.get $sum))
  ;; Five states; each goes on to another by what the number is.
  (func (export "machine") (param $steps i32) (param $state i32) (result i64) (local $x i64)
    (local.set $x (i64.const 88172645463325252))
    (block $out
      (loop $again
        (br_if $out (i32.eqz (local.get $steps)))
        (local.set $steps (i32.sub (local.get $steps) (i32.const 1)))
        (local.set $x (i64.xor (local.get $x) (i64.shl (local.get $x) (i64.const 13))))
        (local.set $x (i64.xor (local.get $x) (i64.shr_u (local.get $x) (i64.const 7))))
        (block $s4
          (block $s3
            (block $s2
              (block $s1
                (block $s0
                  (br_table $s0 $s1 $s2 $s3 $s4 (local.get $state)))
                (local.set $state (i32.add (i32.const 1) (i32.wrap_i64 (i64.and (local.get $x) (i64.const 3)))))
                (br $again))
              (local.set $x (i64.add (local.get $x) (i64.const 12345)))
              (br_if $s3 (i64.eqz (i64.and (local.get $x) (i64.const 8))))
              (local.set $state (i32.const 0))
              (br $again))
            (local.set $state (i32.const 3))
            (br $again))
          (local.set $state (select (i32.const 4) (i32.const 1) (i32.wrap_i64 (i64.and (local.get $x) (i64.const 16)))))
          (br $again))
        (local.set $state (i32.wrap_i64 (i64.and (local.get $x) (i64.const 7))))
        (br $again)))
    (local.get $x))
  ;; What a compiler makes of a loop that is jumped into: the first round begins in the middle.
  (func (export "two_entries") (param $middle i32) (param $n i32) (result i32) (local $sum i32)
    (loop $again
      (block $second
        (br_if $second (local.get $middle))
        (local.set $sum (i32.add (local.get $sum) (i32.const 3)))
        (local.set $sum (i32.rotl (local.get $sum) (i32.const 5))))
      (local.set $middle (i32.const 0))
      (local.set $sum (i32.xor (local.get $sum) (local.get $n)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))
  (func (export "collatz") (param $n i64) (result i32) (local $steps i32)
    (block $done
      (loop $next
        (br_if $done (i64.eq (local.get $n) (i64.const 1)))
        (if (i64.eqz (i64.and (local.get $n) (i64.const 1)))
          (then (local.set $n (i64.shr_u (local.get $n) (i64.const 1))))
          (else (local.set $n (i64.add (i64.mul (local.get $n) (i64.const 3)) (i64.const 1)))))
        (local.set $steps (i32.add (local.get $steps) (i32.const 1)))
        (br $next)))
    (local.get $steps))
  (func (export "sieve") (param $n i32) (result i32) (local $i i32) (local $j i32) (local $count i32)
    (memory.fill (i32.const 0) (i32.const 1) (local.get $n))
    (local.set $i (i32.const 2))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $i) (local.get $n)))
        (if (i32.load8_u (local.get $i))
          (then
            (local.set $count (i32.add (local.get $count) (i32.const 1)))
            (local.set $j (i32.mul (local.get $i) (local.get $i)))
            (block $marked
              (loop $mark
                (br_if $marked (i32.ge_u (local.get $j) (local.get $n)))
                (i32.store8 (local.get $j) (i32.const 0))
                (local.set $j (i32.add (local.get $j) (local.get $i)))
                (br $mark)))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))
    (local.get $count))
  (func (export "stencil") (param $n i32) (local $i i32)
    (local.set $i (i32.const 1))
    (loop $next
      (f32.store offset=16384 (i32.shl (local.get $i) (i32.const 2))
        (f32.add (f32.load (i32.shl (i32.sub (local.get $i) (i32.const 1)) (i32.const 2)))
          (f32.mul (f32.convert_i32_u (local.get $i)) (f32.load offset=4 (i32.shl (local.get $i) (i32.const 2))))))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n)))))
  ;; Arms that differ in what they cost, so that no constant per round will do.
  (func (export "odd_even") (param $n i32) (result i32) (local $i i32) (local $sum i32)
    (loop $next
      (if (i32.and (local.get $i) (i32.const 1))
        (then
          (local.set $sum (i32.add (local.get $sum) (i32.mul (local.get $i) (local.get $i))))
          (local.set $sum (i32.xor (local.get $sum) (i32.const 0x5555)))))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $sum)))
