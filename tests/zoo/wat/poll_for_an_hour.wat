;; Sleeps an hour in poll_oneoff: it burns nothing and reaches no safepoint, the deadline ends it.
;; run: --wall 300ms => deadline
;; run: --metering epoch --wall 300ms => deadline "interrupted"
(module (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (i64.store (i32.const 0) (i64.const 1))                ;; userdata
    (i32.store8 (i32.const 8) (i32.const 0))               ;; a clock
    (i32.store (i32.const 16) (i32.const 1))               ;; monotonic
    (i64.store (i32.const 24) (i64.const 3600000000000))   ;; one hour
    (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))))
