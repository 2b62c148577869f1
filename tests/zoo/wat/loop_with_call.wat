;; An endless loop whose body is a call.
;; run: --fuel 1000000 => out_of_fuel exact
;; run: --wall 300ms => deadline
;; run: --metering checked --fuel 1000000 => out_of_fuel exact
;; run: --metering none --wall 200ms => deadline by 1s
;; run: --metering counted --wall 200ms => deadline by 1s
;; run: --metering checked --wall 200ms => deadline by 1s
;; run: --metering epoch --wall 200ms => deadline by 1s "interrupted"
(module (memory (export "memory") 1) (global $g (mut i32) (i32.const 0))
  (func $work (global.set $g (i32.add (global.get $g) (i32.const 1))))
  (func (export "_start") (loop $again (call $work) (br $again))))
