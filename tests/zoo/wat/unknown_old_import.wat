;; Preview 0 had no sock_accept.
;; run: => refused "unknown import: wasi_unstable.sock_accept"
(module
  (import "wasi_unstable" "sock_accept" (func (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")))
