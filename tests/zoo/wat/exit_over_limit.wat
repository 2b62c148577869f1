;; Calls proc_exit(0) having used more than its limit.
;; run: --fuel 10 => out_of_fuel exact
;; run: --fuel 10000 => ok 7
(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start") (local $i i32)
    (loop $again (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 100))))
    (call $exit (i32.const 7))))
