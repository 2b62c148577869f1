;; Grows memory for ever; past its limit memory.grow answers -1 and the loop goes on until the fuel ends.
;; run: --fuel 1000000 --memory 256MiB => out_of_fuel exact
;; run: --wall 500ms --memory 256MiB => deadline
(module (memory (export "memory") 1)
  (func (export "_start") (loop $again (drop (memory.grow (i32.const 1))) (br $again))))
