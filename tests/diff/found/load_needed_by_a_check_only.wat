;; default:1 A load outside memory is needed by nothing but a check that turns out to be void: it traps all the same.
(module
  (memory 1)
  (func (export "in a loop")
    (local f64)
    (loop $again
      (local.set 0 (f64.floor (f64.convert_i32_s (i32.load16_u offset=37822 (i32.const -596405929)))))
      (drop (i64.trunc_f64_s (select (local.get 0) (f64.const nan) (f64.eq (local.get 0) (local.get 0)))))
      (br $again)))
  (func (export "once") (result i32)
    (drop (i64.trunc_f64_s (f64.floor (f64.convert_i32_s (i32.load16_u offset=37822 (i32.const -596405929))))))
    (i32.const 1))
  (func (export "division") (result i32)
    (drop (i32.div_s (i32.const 100) (i32.or (i32.load16_u offset=37822 (i32.const -596405929)) (i32.const 1))))
    (i32.const 2))
  (func (export "variable address") (param i32) (result i32)
    (drop (i64.trunc_f64_s (f64.floor (f64.convert_i32_s (i32.load16_u offset=37822 (i32.or (local.get 0) (i32.const 65536)))))))
    (i32.const 1)))
