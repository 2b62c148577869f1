;; Two functions that call each other for ever exhaust the stack.
;; run: => trap "call stack exhausted"
(module (memory (export "memory") 1)
  (func $even (param i32) (result i32) (i32.add (call $odd (local.get 0)) (i32.const 1)))
  (func $odd (param i32) (result i32) (i32.add (call $even (local.get 0)) (i32.const 1)))
  (func (export "_start") (drop (call $even (i32.const 1)))))
