;; default:0 Fuel that a vectorised loop keeps in a vector, where its rounds cost what only the run knows.
(module (memory 1) (table 8 funcref) (global $b (mut i32) (i32.const 3000)) (global $h (mut i64) (i64.const 1))
(type $t (func (param i32) (result i32)))
(func $f0  (param i32) (result i32) (local i32 i32 i64 i32 i32 i32 i32) (drop (call $f2 (i32.add (if (result i32)
  (i32.load8_u offset=28 (i32.and (i32.const 0) (i32.const 4095))) (then (local.get 0)) (else (select (local.get 1)
  (local.get 2) (local.get 1)))) (i32.and (local.get 0) (if (result i32) (i32.gt_s (global.get $b) (i32.const 0))
  (then (global.set $b (i32.sub (global.get $b) (i32.const 1))) (call $f0 (local.get 2))) (else (i32.const 3)))))))
  (drop (call $f4 (i32.shr_u (i32.eqz (i32.const 1)) (if (result i32) (i32.add (local.get 2) (local.get 2)) (then
  (if (result i32) (local.get 1) (then (local.get 0)) (else (local.get 0)))) (else (i32.shr_u (local.get 0)
  (i32.const 1000))))))) (if (select (i32.load8_u offset=16 (i32.and (i32.const 1) (i32.const 4095))) (i32.load8_u
  offset=82 (i32.and (local.get 0) (i32.const 4095))) (local.get 1)) (then (local.set 6 (i32.const 0)) (loop
  (i32.store8 offset=50 (local.get 6) (i32.add (local.get 2) (i32.load8_u offset=9 (local.get 6)))) (br_if 0
  (i32.lt_u (local.tee 6 (i32.add (local.get 6) (i32.const 1))) (i32.and (if (result i32) (local.get 1) (then
  (local.get 2)) (else (local.get 2))) (i32.const 1023))))) (local.set 3 (i64.add (local.get 3) (i64.const 1)))
  (local.set 6 (i32.and (i32.eq (local.get 1) (local.get 0)) (i32.const 1023))) (loop (if (i32.load8_u (local.get
  6)) (then (local.set 3 (i64.add (local.get 3) (i64.const 3))))) (br_if 0 (i32.gt_s (local.tee 6 (i32.sub
  (local.get 6) (i32.const 1))) (i32.const 0))))) (else (block (loop (br_if 1 (i32.le_s (global.get $b) (i32.const
  0))) (global.set $b (i32.sub (global.get $b) (i32.const 1))) (local.set 6 (i32.const 0)) (loop (i32.store8
  offset=22 (local.get 6) (i32.add (local.get 2) (i32.load8_u offset=9 (local.get 6)))) (br_if 0 (i32.lt_u
  (local.tee 6 (i32.add (local.get 6) (i32.const 1))) (i32.and (local.get 1) (i32.const 1023))))) (if (local.get 0)
  (then (local.set 7 (i32.const 0)) (loop (i32.store8 offset=11 (local.get 7) (i32.add (local.get 0) (i32.load8_u
  offset=9 (local.get 7)))) (br_if 0 (i32.lt_u (local.tee 7 (i32.add (local.get 7) (i32.const 1))) (i32.and
  (local.get 0) (i32.const 1023))))) (block (loop (br_if 1 (i32.le_s (global.get $b) (i32.const 0))) (global.set $b
  (i32.sub (global.get $b) (i32.const 1))) (local.set 0 (i32.mul (i32.const 2) (i32.const 255))) (local.set 1
  (select (local.get 0) (local.get 0) (local.get 1))) (br_if 0 (local.get 1)))) (local.set 6 (i32.and (i32.and
  (i32.const 2) (local.get 1)) (i32.const 1023))) (loop (if (i32.load8_u (local.get 6)) (then (local.set 3 (i64.add
  (local.get 3) (i64.const 3))))) (br_if 0 (i32.gt_s (local.tee 6 (i32.sub (local.get 6) (i32.const 1))) (i32.const
  0)))))) (br_if 0 (if (result i32) (i32.eqz (local.get 1)) (then (i32.add (local.get 2) (i32.const 1000))) (else
  (i32.eqz (local.get 0))))))) (drop (if (result i32) (i32.gt_s (global.get $b) (i32.const 0)) (then (global.set $b
  (i32.sub (global.get $b) (i32.const 20))) (call $f0 (i32.mul (i32.and (local.get 0) (local.get 1)) (local.get
  2)))) (else (i32.const 3)))))) (if (if (result i32) (i32.gt_s (global.get $b) (i32.const 0)) (then (global.set $b
  (i32.sub (global.get $b) (i32.const 100))) (call $f0 (local.get 0))) (else (i32.const 3))) (then (local.set 2
  (i32.eqz (i32.const 3))) (memory.fill (i32.const 5000) (i32.mul (local.get 0) (local.get 0)) (i32.and (i32.load8_u
  offset=31 (i32.and (i32.wrap_i64 (local.get 3)) (i32.const 4095))) (i32.const 511))) (local.set 3 (i64.add
  (local.get 3) (i64.const 9)))) (else (if (local.get 0) (then (local.set 0 (local.get 0)) (drop (call $f3
  (local.get 2)))) (else )) (if (i32.mul (local.get 2) (i32.wrap_i64 (local.get 3))) (then (local.set 6 (i32.and
  (i32.sub (local.get 2) (i32.const 7)) (i32.const 1023))) (loop (if (i32.load8_u (local.get 6)) (then (local.set 3
  (i64.add (local.get 3) (i64.const 3))))) (br_if 0 (i32.gt_s (local.tee 6 (i32.sub (local.get 6) (i32.const 1)))
  (i32.const 0)))))))) (i32.eq (local.get 2) (if (result i32) (local.get 0) (then (local.get 0)) (else (local.get
  1)))))
(func $f1  (param i32) (result i32) (local i32 i32 i64 i32 i32 i32 i32) (local.set 3 (i64.add (local.get 3)
  (i64.const 3))) (i32.const 2))
(func $f2  (param i32) (result i32) (local i32 i32 i64 i32 i32 i32 i32) (if (i32.eq (local.get 0) (i32.const 0))
  (then (return (i32.and (select (if (result i32) (i32.const 7) (then (local.get 0)) (else (local.get 2))) (i32.sub
  (local.get 1) (i32.const 255)) (i32.load8_u offset=13 (i32.and (local.get 0) (i32.const 4095)))) (if (result i32)
  (i32.lt_u (local.get 2) (local.get 0)) (then (i32.const 2)) (else (i32.xor (local.get 0) (i32.const 3)))))))) (if
  (i32.eq (i32.xor (i32.wrap_i64 (local.get 3)) (i32.lt_u (call $f3 (local.get 2)) (local.get 0))) (i32.const
  12345)) (then unreachable)) (if (if (result i32) (i32.const 1000) (then (local.get 1)) (else (select (i32.add
  (local.get 0) (i32.const 3)) (call $f3 (local.get 0)) (local.get 1)))) (then (if (i32.wrap_i64 (local.get 3))
  (then (local.set 7 (i32.const 0)) (loop (i32.store8 offset=13 (local.get 7) (i32.add (local.get 0) (i32.load8_u
  offset=9 (local.get 7)))) (br_if 0 (i32.lt_u (local.tee 7 (i32.add (local.get 7) (i32.const 1))) (i32.const 16))))
  (local.set 6 (i32.and (if (result i32) (local.get 1) (then (i32.const 7)) (else (local.get 2))) (i32.const 1023)))
  (loop (if (i32.load8_u (local.get 6)) (then (local.set 3 (i64.add (local.get 3) (i64.const 3))))) (br_if 0
  (i32.gt_s (local.tee 6 (i32.sub (local.get 6) (i32.const 1))) (i32.const 0))))) (else (if (i32.eq (if (result i32)
  (i32.gt_s (global.get $b) (i32.const 0)) (then (global.set $b (i32.sub (global.get $b) (i32.const 100))) (call $f3
  (local.get 1))) (else (i32.const 3))) (i32.const 1)) (then (return (i32.sub (i32.const 7) (i32.const 7)))))
  (local.set 1 (if (result i32) (i32.gt_s (global.get $b) (i32.const 0)) (then (global.set $b (i32.sub (global.get
  $b) (i32.const 100))) (call $f1 (local.get 0))) (else (i32.const 3)))))))) (i32.eqz (select (local.get 0)
  (local.get 0) (local.get 0))))
(func $f3  (param i32) (result i32) (local i32 i32 i64 i32 i32 i32 i32) (if (i32.eq (local.get 1) (i32.const 3))
  (then (return (call $f4 (i32.lt_u (i32.const 3) (select (i32.const 2) (local.get 2) (local.get 2))))))) (local.set
  6 (i32.const 0)) (loop (i32.store8 offset=38 (local.get 6) (i32.add (local.get 1) (i32.load8_u offset=9 (local.get
  6)))) (br_if 0 (i32.lt_u (local.tee 6 (i32.add (local.get 6) (i32.const 1))) (i32.and (i32.xor (local.get 0)
  (local.get 0)) (i32.const 1023))))) (block (loop (br_if 1 (i32.le_s (global.get $b) (i32.const 0))) (global.set $b
  (i32.sub (global.get $b) (i32.const 1))) (local.set 6 (i32.and (i32.and (local.get 1) (local.get 0)) (i32.const
  1023))) (loop (if (i32.load8_u (local.get 6)) (then (local.set 3 (i64.add (local.get 3) (i64.const 3))))) (br_if 0
  (i32.gt_s (local.tee 6 (i32.sub (local.get 6) (i32.const 1))) (i32.const 0)))) (local.set 2 (i32.const 0)) (br_if
  0 (i32.const 1)))) (local.get 0))
(func $f4  (param i32) (result i32) (local i32 i32 i64 i32 i32 i32 i32) (if (i32.eq (local.get 2) (i32.const 0))
  (then (return (i32.lt_u (select (local.get 0) (local.get 2) (local.get 2)) (local.get 1))))) (drop (if (result
  i32) (i32.gt_s (global.get $b) (i32.const 0)) (then (global.set $b (i32.sub (global.get $b) (i32.const 20))) (call
  $f3 (select (if (result i32) (if (result i32) (local.get 0) (then (local.get 0)) (else (local.get 2))) (then
  (local.get 0)) (else (i32.const 1000))) (i32.eqz (local.get 2)) (if (result i32) (i32.gt_s (global.get $b)
  (i32.const 0)) (then (global.set $b (i32.sub (global.get $b) (i32.const 100))) (call $f3 (local.get 0))) (else
  (i32.const 3)))))) (else (i32.const 3)))) (if (result i32) (i32.gt_s (global.get $b) (i32.const 0)) (then
  (global.set $b (i32.sub (global.get $b) (i32.const 20))) (call $f1 (select (local.get 2) (local.get 0) (local.get
  0)))) (else (i32.const 3))))
(func (export "_start") (local i32) (loop (drop (call $f0 (local.get 0))) (br_if 0 (i32.lt_u (local.tee 0 (i32.add
  (local.get 0) (i32.const 1))) (i32.const 6)))))
)
