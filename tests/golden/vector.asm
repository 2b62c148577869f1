wasm.add_loaded:
	pushq	%rbp
	movq	%rsp, %rbp
	addq	$5, %rcx
	movl	%edi, %eax
	movdqu	slack_memory(%rax), %xmm1
	paddd	%xmm1, %xmm0
	popq	%rbp
	retq

wasm.load_extend:
	pushq	%rbp
	movq	%rsp, %rbp
	addq	$3, %rcx
	movl	%edi, %eax
	pmovsxbw	slack_memory(%rax), %xmm0
	popq	%rbp
	retq

wasm.part_of_load:
	pushq	%rbp
	movq	%rsp, %rbp
	addq	$4, %rcx
	movl	%edi, %eax
	movups	slack_memory(%rax), %xmm0
	extractps	$1, %xmm0, %eax
	popq	%rbp
	retq

wasm.swizzle:
	pushq	%rbp
	movq	%rsp, %rbp
	paddusb	.LCPI3_0(%rip), %xmm1
	addq	$4, %rcx
	pshufb	%xmm1, %xmm0
	popq	%rbp
	retq

wasm.shift:
	pushq	%rbp
	movq	%rsp, %rbp
	addq	$4, %rcx
	andl	$31, %edi
	movd	%edi, %xmm1
	psrad	%xmm1, %xmm0
	popq	%rbp
	retq

wasm.minimum:
	pushq	%rbp
	movq	%rsp, %rbp
	movapd	%xmm0, %xmm3
	minpd	%xmm1, %xmm3
	movapd	%xmm1, %xmm2
	minpd	%xmm0, %xmm2
	orpd	%xmm3, %xmm2
	cmpunordpd	%xmm1, %xmm0
	blendvpd	%xmm0, .LCPI5_0(%rip), %xmm2
	addq	$4, %rcx
	movapd	%xmm2, %xmm0
	popq	%rbp
	retq

wasm.pseudo_minimum:
	pushq	%rbp
	movq	%rsp, %rbp
	addq	$4, %rcx
	minpd	%xmm0, %xmm1
	movapd	%xmm1, %xmm0
	popq	%rbp
	retq

wasm.multiply_q15:
	pushq	%rbp
	movq	%rsp, %rbp
	addq	$4, %rcx
	pmulhrsw	%xmm1, %xmm0
	movdqa	.LCPI7_0(%rip), %xmm1
	pcmpeqw	%xmm0, %xmm1
	pxor	%xmm1, %xmm0
	popq	%rbp
	retq

wasm.truncate:
	pushq	%rbp
	movq	%rsp, %rbp
	xorpd	%xmm1, %xmm1
	maxpd	%xmm1, %xmm0
	minpd	.LCPI8_0(%rip), %xmm0
	roundpd	$11, %xmm0, %xmm0
	addpd	.LCPI8_1(%rip), %xmm0
	addq	$3, %rcx
	insertps	$156, %xmm0, %xmm0
	popq	%rbp
	retq

wasm.any_true:
	pushq	%rbp
	movq	%rsp, %rbp
	addq	$3, %rcx
	xorl	%eax, %eax
	ptest	%xmm0, %xmm0
	setne	%al
	popq	%rbp
	retq
