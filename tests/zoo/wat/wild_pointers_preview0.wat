;; The same for what preview 0 (wasi_unstable) lays out in its own way: 56-byte attributes and subscriptions.
;; run: => ok
(module
  (import "wasi_unstable" "fd_filestat_get" (func $stat (param i32 i32) (result i32)))
  (import "wasi_unstable" "path_filestat_get" (func $stat_path (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_unstable" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_unstable" "fd_seek" (func $seek (param i32 i64 i32 i32) (result i32)))
  (import "wasi_unstable" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func $want (param i32 i32) (if (i32.ne (local.get 0) (local.get 1)) (then unreachable)))
  (func (export "_start")
    (call $want (call $stat (i32.const 1) (i32.const 65480)) (i32.const 0))
    (call $want (call $stat (i32.const 1) (i32.const 65481)) (i32.const 21))
    (call $want (call $stat (i32.const 1) (i32.const -1)) (i32.const 21))
    (call $want (call $stat_path (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0)) (i32.const 54))
    ;; A clock that is due at once, up to the last byte of memory and one further.
    (i32.store (i32.const 65504) (i32.const 1))
    (call $want (call $poll (i32.const 65480) (i32.const 0) (i32.const 1) (i32.const 1000)) (i32.const 0))
    (call $want (i32.load (i32.const 1000)) (i32.const 1))
    (call $want (call $poll (i32.const 65481) (i32.const 0) (i32.const 1) (i32.const 1000)) (i32.const 21))
    (call $want (call $seek (i32.const 1) (i64.const 0) (i32.const 3) (i32.const 0)) (i32.const 28))
    (call $want (call $write (i32.const 1) (i32.const -8) (i32.const 1) (i32.const 8)) (i32.const 21))))
