;; Grows a table for ever.
;; run: --fuel 100000000 => out_of_fuel exact
;; run: --wall 500ms => deadline
(module (memory (export "memory") 1) (table $t 1 funcref)
  (func (export "_start") (loop $again (drop (table.grow $t (ref.null func) (i32.const 4096))) (br $again))))
