wasm.sum:
	pushq	%rbp
	movq	%rsp, %rbp
	pushq	%rbx
	movq	%rcx, %rdx
	leal	-1(%rdi), %eax
	leaq	(%rax,%rax,4), %rax
	leaq	(%rcx,%rax,2), %rcx
	xorl	%eax, %eax
	cmpl	$16, %edi
	jae	.LBB0_2
	movl	%edi, %esi
	jmp	.LBB0_9
.LBB0_2:
	movl	%edi, %r8d
	andl	$-8, %r8d
	movl	%edi, %esi
	andl	$7, %esi
	leal	-8(%r8), %eax
	shrl	$3, %eax
	pxor	%xmm0, %xmm0
	xorl	%r9d, %r9d
	movdqa	.LCPI0_0(%rip), %xmm2
	pxor	%xmm1, %xmm1
.LBB0_3:
	cmpl	$511, %eax
	movl	$511, %r10d
	cmovbl	%eax, %r10d
	leal	(%r9,%r10,8), %ebx
	movl	$-8, %r11d
	subl	%ebx, %r11d
	leaq	(%r10,%r10,4), %r10
	shlq	$4, %r10
	addq	%rdx, %r10
	movl	%r9d, %edx
	negl	%edx
.LBB0_4:
	leal	(%rdi,%rdx), %ebx
	movd	slack_memory-3(%rbx), %xmm3
	movd	slack_memory-7(%rbx), %xmm4
	pshufb	%xmm2, %xmm3
	paddd	%xmm3, %xmm0
	pshufb	%xmm2, %xmm4
	paddd	%xmm4, %xmm1
	addl	$-8, %edx
	cmpl	%edx, %r11d
	jne	.LBB0_4
	addq	$81, %r10
	movq	%r10, slack_safepoint(%rip)
	cmpl	$512, %eax
	jb	.LBB0_7
	addl	$-512, %eax
	addl	$4096, %r9d
	decq	%r10
	movq	%r10, %rdx
	jmp	.LBB0_3
.LBB0_7:
	paddd	%xmm0, %xmm1
	pshufd	$238, %xmm1, %xmm0
	paddd	%xmm1, %xmm0
	pshufd	$85, %xmm0, %xmm1
	paddd	%xmm0, %xmm1
	movd	%xmm1, %eax
	cmpl	%edi, %r8d
	je	.LBB0_16
	decq	%r10
	movq	%r10, %rdx
.LBB0_9:
	leal	-1(%rsi), %edi
	movl	%esi, %r8d
	andl	$7, %r8d
	je	.LBB0_13
	leal	-1(%r8), %r9d
	leaq	(%r9,%r9,4), %r9
	leaq	(%rdx,%r9,2), %r9
.LBB0_11:
	movl	%esi, %edx
	movzbl	slack_memory(%rdx), %edx
	addl	%edx, %eax
	decl	%esi
	decl	%r8d
	jne	.LBB0_11
	leaq	10(%r9), %rdx
	addq	$10, %r9
	movq	%r9, slack_safepoint(%rip)
.LBB0_13:
	cmpl	$7, %edi
	jb	.LBB0_16
	addl	$-7, %esi
.LBB0_15:
	leal	7(%rsi), %edi
	movzbl	slack_memory(%rdi), %edi
	addl	%eax, %edi
	leal	6(%rsi), %eax
	movq	%rdx, slack_safepoint(%rip)
	addq	$80, %rdx
	movzbl	slack_memory(%rax), %eax
	leal	5(%rsi), %r8d
	movzbl	slack_memory(%r8), %r8d
	addl	%eax, %r8d
	addl	%edi, %r8d
	leal	4(%rsi), %eax
	movzbl	slack_memory(%rax), %eax
	leal	3(%rsi), %edi
	movzbl	slack_memory(%rdi), %edi
	addl	%eax, %edi
	leal	2(%rsi), %eax
	movzbl	slack_memory(%rax), %r9d
	addl	%edi, %r9d
	addl	%r8d, %r9d
	leal	1(%rsi), %eax
	movzbl	slack_memory(%rax), %edi
	movl	%esi, %eax
	movzbl	slack_memory(%rax), %eax
	addl	%edi, %eax
	addl	%r9d, %eax
	addl	$-8, %esi
	cmpl	$-7, %esi
	jne	.LBB0_15
.LBB0_16:
	addq	$12, %rcx
	popq	%rbx
	popq	%rbp
	retq

wasm.endless:
	pushq	%rbp
	movq	%rsp, %rbp
.LBB1_1:
	movq	%rcx, slack_safepoint(%rip)
	addq	$2, %rcx
	jmp	.LBB1_1

wasm.once:
	pushq	%rbp
	movq	%rsp, %rbp
	movl	%edi, %eax
	addq	$2, %rcx
	popq	%rbp
	retq
