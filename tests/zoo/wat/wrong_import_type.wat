;; Imports a WASI function with another type than it has.
;; run: => refused "incompatible import type: wasi_snapshot_preview1.proc_exit"
(module (import "wasi_snapshot_preview1" "proc_exit" (func (param i64))) (memory (export "memory") 1) (func (export "_start")))
