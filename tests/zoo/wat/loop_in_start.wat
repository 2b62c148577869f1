;; An endless loop in the start function: instantiation is metered too.
;; run: --fuel 1000000 => out_of_fuel exact
;; run: --wall 300ms => deadline
(module (memory (export "memory") 1)
  (func $begin (loop $again (br $again)))
  (start $begin)
  (func (export "_start")))
