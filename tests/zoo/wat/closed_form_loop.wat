;; A loop of 2^63 rounds whose result an optimiser can compute without looping: fuel must not jump unseen.
;; run: --fuel 1000000 => out_of_fuel exact
;; run: --wall 300ms => deadline
;; run: --metering counted --wall 300ms => deadline by 1s
;; run: --metering checked --fuel 1000000 => out_of_fuel exact
;; run: --metering epoch --wall 300ms => deadline by 1s "interrupted"
(module (memory (export "memory") 1) (global $sum (mut i64) (i64.const 0))
  (func (export "_start") (local $i i64) (local $s i64)
    (loop $again
      (local.set $s (i64.add (local.get $s) (local.get $i)))
      (local.set $i (i64.add (local.get $i) (i64.const 1)))
      (br_if $again (i64.ne (local.get $i) (i64.const -9223372036854775808))))
    (global.set $sum (local.get $s))))
