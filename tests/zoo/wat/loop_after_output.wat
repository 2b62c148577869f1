;; Says that it runs, and then loops for ever: for a stop that strikes generated code, not its preparation.
;; run: --stream --wall 60s < stop => killed
;; run: --stream --wall 60s --metering none < stop => killed
;; run: --stream --wall 60s --metering counted < stop => killed
;; run: --stream --wall 60s --metering checked < stop => killed
;; run: --stream --wall 60s --metering epoch < stop => killed "interrupted"
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 8) "on\n")
  (func (export "_start")
    (i32.store (i32.const 0) (i32.const 8))
    (i32.store (i32.const 4) (i32.const 3))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))
    (loop $again (br $again))))
