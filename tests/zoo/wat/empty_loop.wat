;; An endless loop without a body: nothing but the safepoint on its back edge can stop it.
;; run: --fuel 1000000 => out_of_fuel exact
;; run: --wall 300ms => deadline
;; run: --cpu 200ms => deadline
;; run: --metering checked --fuel 1000000 => out_of_fuel exact
;; run: --metering none --wall 200ms => deadline by 1s
;; run: --metering counted --wall 200ms => deadline by 1s
;; run: --metering checked --wall 200ms => deadline by 1s
;; run: --metering epoch --wall 200ms => deadline by 1s "interrupted"
(module (memory (export "memory") 1)
  (func (export "_start") (loop $again (br $again))))
