;; linked:1 A load in a loop without end is outside memory, and nothing needs its value: the loop ends by its trap.
(module
  (import "other" "memory" (memory 1 3))
  (import "other" "f64" (global $f64 (mut f64)))
  (func (export "plain")
    (loop $again
      (drop (i32.load16_u offset=37822 (i32.const -596405929)))
      (br $again)))
  (func (export "folded")
    (local f64)
    (loop $again
      (local.set 0 (f64.floor (f64.convert_i32_s (i32.load16_u offset=37822 (i32.const -596405929)))))
      (drop (i64.trunc_f64_s (select (local.get 0) (f64.const nan) (f64.eq (local.get 0) (local.get 0)))))
      (br $again)))
  (func (export "branches") (param i32)
    (local f64)
    (block $out
      (loop $again
        (local.set 0 (i32.add (local.get 0) (i32.const 1)))
        (local.set 1 (f64.floor (f64.convert_i32_s (i32.load16_u offset=37822 (i32.const -596405929)))))
        (drop (i64.trunc_f64_s (select (local.get 1) (f64.const nan) (f64.eq (local.get 1) (local.get 1)))))
        (drop (i32.load8_u offset=53710 (i32.const 3)))
        (br_table $again $out $out (i64.eqz (i64.trunc_sat_f32_s (f32.demote_f64 (global.get $f64)))))))))
