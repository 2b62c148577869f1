;; Functions that run until they are stopped: what a park is tried on.
(module
  (type $unary (func (param i32) (result i32)))
  (memory 16)
  (table 2 funcref) (elem (i32.const 0) $inc $twice)
  (func $inc (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
  (func $twice (param i32) (result i32) (i32.shl (local.get 0) (i32.const 1)))
  (func $odd (param $n i32) (result i32)
    (if (result i32) (i32.lt_u (local.get $n) (i32.const 2)) (then (i32.const 1))
      (else (i32.add (call $odd (i32.sub (local.get $n) (i32.const 1))) (call $odd (i32.sub (local.get $n) (i32.const 2)))))))
  (func (export "counts") (local $i i64)
    (loop $next
      (local.set $i (i64.add (i64.mul (local.get $i) (i64.const 3)) (i64.const 1)))
      (br $next)))
  ;; The inner loop is vectorised.
  (func (export "adds_arrays") (local $i i32)
    (loop $again
      (local.set $i (i32.const 0))
      (loop $next
        (i32.store (local.get $i) (i32.add (i32.load (local.get $i)) (i32.load offset=400000 (local.get $i))))
        (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 400000))))
      (br $again)))
  ;; Unrolled, with arms of different cost.
  (func (export "branches") (local $i i32) (local $sum i32)
    (loop $again
      (local.set $i (i32.const 0))
      (loop $next
        (if (i32.and (i32.load8_u (local.get $i)) (i32.const 1))
          (then (local.set $sum (i32.add (local.get $sum) (i32.const 1))))
          (else (i32.store8 (local.get $i) (i32.add (local.get $i) (i32.const 1)))
                (local.set $sum (i32.xor (local.get $sum) (i32.const 3)))))
        (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1000))))
      (br $again)))
  (func (export "nests") (local $i i32) (local $j i32) (local $sum i32)
    (loop $again
      (local.set $i (i32.const 0))
      (loop $outer
        (local.set $j (i32.const 0))
        (loop $inner
          (local.set $sum (i32.add (i32.rotl (local.get $sum) (i32.const 3)) (i32.mul (local.get $i) (local.get $j))))
          (br_if $inner (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 1))) (local.get $i))))
        (br_if $outer (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 37))))
      (br $again)))
  (func (export "recurses")
    (loop $again (drop (call $odd (i32.const 15))) (br $again)))
  (func (export "calls") (local $i i32)
    (loop $again
      (local.set $i (call_indirect (type $unary) (local.get $i) (i32.and (local.get $i) (i32.const 1))))
      (br $again)))
  ;; In chunks of 256 KiB.
  (func (export "fills")
    (loop $again
      (memory.fill (i32.const 0) (i32.const 1) (i32.const 1000000))
      (memory.copy (i32.const 1) (i32.const 0) (i32.const 700000))
      (br $again))))
