;; Fills 128 MiB again and again: a bulk operator must not hold off a stop.
;; run: --fuel 300000000 => out_of_fuel exact
;; run: --wall 500ms => deadline
;; run: --metering epoch --wall 500ms => deadline "interrupted"
(module (memory (export "memory") 2048)
  (func (export "_start")
    (loop $again (memory.fill (i32.const 0) (i32.const 7) (i32.const 134217728)) (br $again))))
