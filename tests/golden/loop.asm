wasm.sum:
	pushq	%rbp
	movq	%rsp, %rbp
	pushq	%rbx
	leaq	1(%rdi), %rcx
	movl	%esi, %edx
	subl	$1, %edx
	setb	%r8b
	cmpl	$11, %edx
	setb	%r9b
	xorl	%eax, %eax
	orb	%r8b, %r9b
	jne	.LBB0_5
	incq	%rdx
	movq	%rdx, %r9
	andq	$-8, %r9
	leaq	(%r9,%r9,4), %r8
	leaq	(%rcx,%r8,2), %r10
	movl	%esi, %r11d
	subl	%r9d, %r11d
	addq	$11, %rdi
	pxor	%xmm0, %xmm0
	movdqa	.LCPI0_0(%rip), %xmm2
	movq	%r9, %rax
	pxor	%xmm1, %xmm1
.LBB0_2:
	movl	%esi, %ebx
	movd	slack_memory-3(%rbx), %xmm3
	movd	slack_memory-7(%rbx), %xmm4
	pshufb	%xmm2, %xmm3
	paddd	%xmm3, %xmm0
	pshufb	%xmm2, %xmm4
	paddd	%xmm4, %xmm1
	movq	%rdi, slack_safepoint(%rip)
	addl	$-8, %esi
	addq	$80, %rdi
	addq	$-8, %rax
	jne	.LBB0_2
	paddd	%xmm0, %xmm1
	pshufd	$238, %xmm1, %xmm0
	paddd	%xmm1, %xmm0
	pshufd	$85, %xmm0, %xmm1
	paddd	%xmm0, %xmm1
	movd	%xmm1, %eax
	cmpq	%r9, %rdx
	jne	.LBB0_4
	leaq	(%rcx,%r8,2), %rdx
	addq	$-10, %rdx
	jmp	.LBB0_12
.LBB0_4:
	movq	%r10, %rcx
	movl	%r11d, %esi
.LBB0_5:
	leal	-1(%rsi), %edi
	movl	%esi, %edx
	andl	$3, %edx
	je	.LBB0_6
.LBB0_7:
	addq	$10, %rcx
	movl	%esi, %r8d
	movzbl	slack_memory(%r8), %r8d
	addl	%r8d, %eax
	decl	%esi
	movq	%rcx, slack_safepoint(%rip)
	decl	%edx
	jne	.LBB0_7
	leaq	-10(%rcx), %rdx
	cmpl	$3, %edi
	jae	.LBB0_10
	jmp	.LBB0_12
.LBB0_6:
	cmpl	$3, %edi
	jb	.LBB0_12
.LBB0_10:
	addq	$-10, %rcx
	addl	$-3, %esi
	movq	%rcx, %rdx
.LBB0_11:
	leal	3(%rsi), %ecx
	leaq	20(%rdx), %rdi
	movzbl	slack_memory(%rcx), %ecx
	addl	%eax, %ecx
	leal	2(%rsi), %eax
	movq	%rdi, slack_safepoint(%rip)
	movzbl	slack_memory(%rax), %eax
	leal	1(%rsi), %edi
	movzbl	slack_memory(%rdi), %edi
	addl	%eax, %edi
	addl	%ecx, %edi
	movl	%esi, %eax
	movzbl	slack_memory(%rax), %eax
	addl	%edi, %eax
	addq	$40, %rdx
	addl	$-4, %esi
	cmpl	$-3, %esi
	jne	.LBB0_11
.LBB0_12:
	addq	$11, %rdx
	popq	%rbx
	popq	%rbp
	retq

wasm.endless:
	pushq	%rbp
	movq	%rsp, %rbp
	addq	$2, %rdi
.LBB1_1:
	movq	%rdi, slack_safepoint(%rip)
	incq	%rdi
	jmp	.LBB1_1

wasm.once:
	pushq	%rbp
	movq	%rsp, %rbp
	movl	%esi, %eax
	leaq	2(%rdi), %rdx
	popq	%rbp
	retq
