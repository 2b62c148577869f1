;; An endless loop without a body: nothing but the safepoint on its back edge can stop it.
;; run: --fuel 1000000 => out_of_fuel exact
;; run: --wall 300ms => deadline
;; run: --cpu 200ms => deadline
;; run: --metering checked --fuel 1000000 => out_of_fuel exact
;; run: --metering epoch --wall 300ms => deadline
(module (memory (export "memory") 1)
  (func (export "_start") (loop $again (br $again))))
