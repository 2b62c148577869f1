wasm.scalar:
	pushq	%rbp
	movq	%rsp, %rbp
	addq	$6, %rcx
	vmulsd	%xmm1, %xmm0, %xmm0
	vaddsd	%xmm2, %xmm0, %xmm0
	popq	%rbp
	retq

wasm.vector:
	pushq	%rbp
	movq	%rsp, %rbp
	addq	$6, %rcx
	vmulps	%xmm1, %xmm0, %xmm0
	vsubps	%xmm2, %xmm0, %xmm0
	popq	%rbp
	retq

wasm.half:
	pushq	%rbp
	movq	%rsp, %rbp
	addq	$4, %rcx
	vbroadcastss	.LCPI2_0(%rip), %xmm1
	vmulps	%xmm1, %xmm0, %xmm0
	popq	%rbp
	retq

wasm.times_one:
	pushq	%rbp
	movq	%rsp, %rbp
	addq	$4, %rcx
	vbroadcastss	.LCPI3_0(%rip), %xmm1
	vorps	%xmm1, %xmm0, %xmm1
	vxorps	%xmm2, %xmm2, %xmm2
	vcmpunordps	%xmm2, %xmm0, %xmm2
	vblendvps	%xmm2, %xmm1, %xmm0, %xmm0
	popq	%rbp
	retq
