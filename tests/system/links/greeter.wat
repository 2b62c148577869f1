;; A library with a memory of its own, constructors and output of its own.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (export "fd_write" (func $fd_write))
  (data (i32.const 0) "\10\00\00\00\06\00\00\00")
  (data (i32.const 16) "hello\0a")
  (global $ready (mut i32) (i32.const 0))
  (func (export "_initialize") (global.set $ready (i32.const 1)))
  (func (export "greet") (result i32)
    (if (i32.eqz (global.get $ready)) (then unreachable))
    (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))
