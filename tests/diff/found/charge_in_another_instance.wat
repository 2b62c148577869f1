;; linked:0 What a function of another instance pays for growing its memory counts, whichever instance began the call.
(module
  (import "other" "grow" (func $grow (param i32) (result i32)))
  (import "other" "fill" (func $fill (param i32 i32)))
  (func (export "grow once") (result i32) (call $grow (i32.const 1)))
  (func (export "grow and fill") (result i32)
    (call $fill (i32.const 70000) (i32.const 100))
    (call $grow (i32.const 1)))
  (func (export "fill") (call $fill (i32.const 7) (i32.const 100))))
