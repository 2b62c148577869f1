;; Calls, indirect calls and recursion, in loops and as loops.
;; call: fib 0 | fib 1 | fib 2 | fib 15
;; call: ackermann 2 3 | ackermann 1 40
;; call: is_even 0 | is_even 1 | is_even 1023 | is_even 1024
;; call: loop_of_calls 1 | loop_of_calls 2 | loop_of_calls 1023 | loop_of_calls 1025
;; call: loop_of_indirect_calls 1 | loop_of_indirect_calls 33 | loop_of_indirect_calls 1024
;; call: indirect 0 | indirect 3 | indirect 4 | indirect 5 | indirect 9
;; call: calls_that_trap 1 | calls_that_trap 1000
;; call: many 1 | many 100
;; call: count | count | count
;; exhausts: endless 0 | mutual 7 | deep_frames 3
(module
  (type $unary (func (param i32) (result i32)))
  (table 6 funcref)
  (elem (i32.const 0) $inc $twice $fib_of $square $binary)
  (global $calls (export "calls") (mut i64) (i64.const 0))
  (func $inc (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
  (func $twice (param i32) (result i32) (i32.shl (local.get 0) (i32.const 1)))
  (func $fib_of (param i32) (result i32) (call $fib (i32.and (local.get 0) (i32.const 7))))
  (func $square (param i32) (result i32) (i32.mul (local.get 0) (local.get 0)))
  (func $binary (param i32 i32) (result i32) (i32.sub (local.get 0) (local.get 1)))
  (func $fib (export "fib") (param $n i32) (result i32)
    (if (result i32) (i32.lt_u (local.get $n) (i32.const 2))
      (then (local.get $n))
      (else (i32.add (call $fib (i32.sub (local.get $n) (i32.const 1))) (call $fib (i32.sub (local.get $n) (i32.const 2)))))))
  (func $ackermann (export "ackermann") (param $m i32) (param $n i32) (result i32)
    (if (i32.eqz (local.get $m)) (then (return (i32.add (local.get $n) (i32.const 1)))))
    (if (i32.eqz (local.get $n)) (then (return (call $ackermann (i32.sub (local.get $m) (i32.const 1)) (i32.const 1)))))
    (call $ackermann (i32.sub (local.get $m) (i32.const 1))
      (call $ackermann (local.get $m) (i32.sub (local.get $n) (i32.const 1)))))
  (func $is_even (export "is_even") (param $n i32) (result i32)
    (if (i32.eqz (local.get $n)) (then (return (i32.const 1))))
    (call $is_odd (i32.sub (local.get $n) (i32.const 1))))
  (func $is_odd (param $n i32) (result i32)
    (if (i32.eqz (local.get $n)) (then (return (i32.const 0))))
    (call $is_even (i32.sub (local.get $n) (i32.const 1))))
  (func (export "loop_of_calls") (param $n i32) (result i32) (local $sum i32)
    (loop $next
      (local.set $sum (call $twice (call $inc (i32.xor (local.get $sum) (local.get $n)))))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))
  (func (export "loop_of_indirect_calls") (param $n i32) (result i32) (local $sum i32)
    (loop $next
      (local.set $sum (call_indirect (type $unary) (i32.add (local.get $sum) (local.get $n)) (i32.and (local.get $n) (i32.const 3))))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))
  (func (export "indirect") (param $which i32) (result i32)
    (call_indirect (type $unary) (i32.const 5) (local.get $which)))
  (func $checked (param $n i32) (result i32) (i32.div_u (i32.const 7) (local.get $n)))
  (func (export "calls_that_trap") (param $n i32) (result i32) (local $sum i32)
    (loop $next
      (local.set $sum (i32.add (local.get $sum) (call $checked (local.get $n))))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br $next))
    (unreachable))
  (func $three (param i32) (result i32 i32 i64)
    (local.get 0) (i32.add (local.get 0) (i32.const 1)) (i64.extend_i32_u (local.get 0)))
  (func (export "many") (param $n i32) (result i64) (local $sum i64)
    (loop $next
      (call $three (local.get $n))
      (local.set $sum (i64.add (local.get $sum)))
      (drop) (drop)
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))
  (func (export "count") (result i64)
    (global.set $calls (i64.add (global.get $calls) (i64.const 1)))
    (global.get $calls))
  (func $endless (export "endless") (param $n i32) (result i32)
    (i32.add (call $endless (i32.add (local.get $n) (i32.const 1))) (local.get $n)))
  (func $mutual (export "mutual") (param $n i32) (result i32)
    (i32.add (call_indirect (type $unary) (local.get $n) (i32.const 0)) (call $again (local.get $n))))
  (func $again (param $n i32) (result i32)
    (i32.mul (call $mutual (i32.add (local.get $n) (i32.const 3))) (i32.const 3)))
  (func $deep_frames (export "deep_frames") (param $n i32) (result i32) (local $i i32)
    (loop $next
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 20))))
    (i32.sub (call $deep_frames (local.get $i)) (local.get $n))))
