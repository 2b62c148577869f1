;; Asks for a gigabyte of random bytes: the longest a single host call can be made.
;; run: --wall 300ms --memory 2GiB => deadline
(module (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (memory (export "memory") 16384)
  (func (export "_start") (loop $again (drop (call $random (i32.const 0) (i32.const 0x40000000))) (br $again))))
