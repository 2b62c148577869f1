;; linked:0 The same where the memory that grows is this instance's too.
(module
  (import "other" "memory" (memory 1 3))
  (import "other" "grow" (func $grow (param i32) (result i32)))
  (func (export "grow") (result i32) (call $grow (i32.const 1)))
  (func (export "grow here") (param i32) (result i32) (memory.grow (i32.and (local.get 0) (i32.const 1))))
  (func (export "both") (param i32) (result i32)
    (i32.add (call $grow (i32.const 1)) (memory.grow (i32.and (local.get 0) (i32.const 1))))))
