;; Writes by way of the library, and by the library's import from memories of its own and the library's.
(module
  (import "greeter" "greet" (func $greet (result i32)))
  (import "greeter" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\10\00\00\00\04\00\00\00")
  (data (i32.const 16) "bye\0a")
  (func (export "_start")
    (drop (call $greet))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
