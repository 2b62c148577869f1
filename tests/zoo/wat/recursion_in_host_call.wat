;; Recurses with a host call in every frame: the host must not run into the end of the module's stack.
;; run: => trap "call stack exhausted"
(module (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (memory (export "memory") 1)
  (func $down (param i32) (result i32)
    (drop (call $clock (i32.const 1) (i64.const 1) (i32.const 8)))
    (i32.add (call $down (local.get 0)) (i32.const 1)))
  (func (export "_start") (drop (call $down (i32.const 1)))))
