;; Loops that are cut into strips: what they carry from one strip to the next, and what is left of them behind.
;; call: fill 1 7 | fill 1023 8 | fill 1024 9 | fill 1025 10 | fill 4095 1 | fill 4096 2 | fill 4097 3 | fill 40000 4
;; call: hash 1 | hash 1023 | hash 1024 | hash 1025 | hash 2047 | hash 2048 | hash 2049 | hash 4097 | hash 10000
;; call: add 1 | add 1024 | add 2049 | add 8191 | add 8192 | add 8193 | add 12000
;; call: fibonacci 1 | fibonacci 1023 | fibonacci 1024 | fibonacci 1025 | fibonacci 3072 | fibonacci 3073
;; call: last_place 1 5 | last_place 1024 5 | last_place 2049 5 | last_place 5000 0
;; call: cross_out 1 3000 | cross_out 2 9000 | cross_out 3 9001 | cross_out 7 40000 | cross_out 1000 60000
;; call: rows 3 1025 | rows 2 2048 | rows 5 7 | rows 1 4097
;; call: dear 1 | dear 63 | dear 1024 | dear 1025 | dear 3000
;; call: over_the_edge 1024 | over_the_edge 3000 | over_the_edge 16384 | over_the_edge 16385 | over_the_edge 20000
;; call: wrapping 1 | wrapping 1024 | wrapping 5000
;; call: lagging_test 1 | lagging_test 64 | lagging_test 1025 | lagging_test 3000
(module
  (memory (export "memory") 1)
  (func (export "fill") (param $n i32) (param $byte i32) (local $i i32)
    (loop $next
      (i32.store8 (local.get $i) (local.get $byte))
      (br_if $next (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n)))))
  ;; What the test reads is used by nothing else, and the loop is left by another counter.
  (func (export "lagging_test") (param $m i32) (result i64) (local $t i64) (local $old i64) (local $i i64)
    (local.set $old (i64.const -2))
    (loop $next
      (local.set $t (local.get $old))
      (local.set $old (local.get $i))
      (i64.store (i32.and (i32.wrap_i64 (local.get $i)) (i32.const 0xfff8)) (local.get $i))
      (local.set $i (i64.add (local.get $i) (i64.const 2)))
      (br_if $next (i32.ne (i32.wrap_i64 (local.get $t)) (i32.shl (local.get $m) (i32.const 1)))))
    (local.get $i))
  (func (export "hash") (param $n i32) (result i64) (local $hash i64)
    (loop $next
      (local.set $hash (i64.rotl (i64.xor (local.get $hash) (i64.extend_i32_u (local.get $n))) (i64.const 5)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $hash))
  (func (export "add") (param $n i32) (result i64) (local $i i32) (local $sum i64)
    (loop $next
      (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (i32.load8_u (local.get $i)))))
      (i32.store8 offset=32768 (local.get $i) (i32.wrap_i64 (local.get $sum)))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $sum))
  (func (export "fibonacci") (param $n i32) (result i64) (local $a i64) (local $b i64) (local $next i64)
    (local.set $b (i64.const 1))
    (loop $again
      (local.set $next (i64.add (local.get $a) (local.get $b)))
      (local.set $a (local.get $b))
      (local.set $b (local.get $next))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64.xor (local.get $a) (i64.shl (local.get $b) (i64.const 1))))
  (func (export "last_place") (param $n i32) (param $value i32) (result i32) (local $i i32) (local $place i32)
    (loop $next
      (local.set $place
        (select (local.get $i) (local.get $place) (i32.eq (i32.load8_u (local.get $i)) (local.get $value))))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (i32.add (local.get $place) (i32.mul (local.get $i) (i32.const 65536))))
  (func (export "cross_out") (param $step i32) (param $end i32) (local $i i32)
    (if (i32.and (i32.gt_u (local.get $step) (i32.const 0)) (i32.lt_u (local.get $step) (i32.const 1001)))
      (then
        (loop $next
          (i32.store8 (local.get $i) (i32.const 0))
          (br_if $next
            (i32.lt_u (local.tee $i (i32.add (local.get $i) (local.get $step))) (i32.const 60001)))))))
  (func (export "rows") (param $rows i32) (param $n i32) (result f32) (local $i i32) (local $sum f32)
    (loop $row
      (local.set $i (i32.const 0))
      (loop $next
        (local.set $sum (f32.add (local.get $sum) (f32.convert_i32_u (i32.load8_u (local.get $i)))))
        (br_if $next (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
      (br_if $row (local.tee $rows (i32.sub (local.get $rows) (i32.const 1)))))
    (local.get $sum))
  (func (export "dear") (param $n i32) (result i64) (local $i i32) (local $x i64)
    (loop $next
      (local.set $x (i64.rotl (i64.add (local.get $x) (i64.const 1)) (i64.const 1)))
      (local.set $x (i64.rotl (i64.add (local.get $x) (i64.const 78)) (i64.const 2)))
      (local.set $x (i64.rotl (i64.add (local.get $x) (i64.const 155)) (i64.const 3)))
      (local.set $x (i64.rotl (i64.add (local.get $x) (i64.const 232)) (i64.const 4)))
      (local.set $x (i64.rotl (i64.add (local.get $x) (i64.const 309)) (i64.const 5)))
      (local.set $x (i64.rotl (i64.add (local.get $x) (i64.const 386)) (i64.const 6)))
      (local.set $x (i64.rotl (i64.add (local.get $x) (i64.const 463)) (i64.const 7)))
      (local.set $x (i64.rotl (i64.add (local.get $x) (i64.const 540)) (i64.const 8)))
      (local.set $x (i64.rotl (i64.add (local.get $x) (i64.const 617)) (i64.const 9)))
      (local.set $x (i64.rotl (i64.add (local.get $x) (i64.const 694)) (i64.const 10)))
      (local.set $x (i64.rotl (i64.add (local.get $x) (i64.const 771)) (i64.const 11)))
      (local.set $x (i64.rotl (i64.add (local.get $x) (i64.const 848)) (i64.const 12)))
      (local.set $x (i64.rotl (i64.add (local.get $x) (i64.const 925)) (i64.const 13)))
      (local.set $x (i64.rotl (i64.add (local.get $x) (i64.const 1002)) (i64.const 14)))
      (local.set $x (i64.rotl (i64.add (local.get $x) (i64.const 1079)) (i64.const 15)))
      (local.set $x (i64.rotl (i64.add (local.get $x) (i64.const 1156)) (i64.const 16)))
      (local.set $x (i64.rotl (i64.add (local.get $x) (i64.const 1233)) (i64.const 17)))
      (local.set $x (i64.rotl (i64.add (local.get $x) (i64.const 1310)) (i64.const 18)))
      (local.set $x (i64.rotl (i64.add (local.get $x) (i64.const 1387)) (i64.const 19)))
      (local.set $x (i64.rotl (i64.add (local.get $x) (i64.const 1464)) (i64.const 20)))
      (br_if $next (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $x))
  (func (export "over_the_edge") (param $n i32) (result i32) (local $i i32) (local $sum i32)
    (loop $next
      (local.set $sum (i32.add (local.get $sum) (i32.load (i32.shl (local.get $i) (i32.const 2)))))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $sum))
  (func (export "wrapping") (param $n i32) (result i32) (local $i i32) (local $sum i32)
    (local.set $i (i32.const 0xfffffe00))
    (loop $next
      (local.set $sum (i32.xor (i32.mul (local.get $sum) (i32.const 31)) (local.get $i)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))
