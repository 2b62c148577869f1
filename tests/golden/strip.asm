wasm.sum:
	pushq	%rbp
	movq	%rsp, %rbp
	pushq	%r14
	pushq	%rbx
	movq	%rcx, %rdx
	leal	-1(%rdi), %ecx
	leaq	(%rcx,%rcx), %rax
	shlq	$4, %rcx
	subq	%rax, %rcx
	addq	%rdx, %rcx
	xorl	%eax, %eax
	cmpl	$8, %edi
	jae	.LBB0_2
	xorl	%esi, %esi
	movl	%edi, %r8d
	jmp	.LBB0_9
.LBB0_2:
	movl	%edi, %r9d
	andl	$-8, %r9d
	leal	(,%r9,4), %esi
	movl	%edi, %r8d
	andl	$7, %r8d
	leal	-8(%r9), %eax
	shrl	$3, %eax
	pxor	%xmm0, %xmm0
	xorl	%r10d, %r10d
	pxor	%xmm1, %xmm1
.LBB0_3:
	cmpl	$511, %eax
	movl	$511, %ebx
	cmovbl	%eax, %ebx
	imulq	$112, %rbx, %r11
	addq	%rdx, %r11
	leal	(,%r10,4), %edx
	leal	8(,%rbx,8), %ebx
.LBB0_4:
	movl	%edx, %r14d
	paddd	slack_memory(%r14), %xmm0
	paddd	slack_memory+16(%r14), %xmm1
	addl	$32, %edx
	addl	$-8, %ebx
	jne	.LBB0_4
	addq	$113, %r11
	movq	%r11, slack_safepoint(%rip)
	cmpl	$512, %eax
	jb	.LBB0_7
	addl	$-512, %eax
	addl	$4096, %r10d
	decq	%r11
	movq	%r11, %rdx
	jmp	.LBB0_3
.LBB0_7:
	paddd	%xmm0, %xmm1
	pshufd	$238, %xmm1, %xmm0
	paddd	%xmm1, %xmm0
	pshufd	$85, %xmm0, %xmm1
	paddd	%xmm0, %xmm1
	movd	%xmm1, %eax
	cmpl	%edi, %r9d
	jne	.LBB0_8
.LBB0_14:
	addq	$16, %rcx
	popq	%rbx
	popq	%r14
	popq	%rbp
	retq
.LBB0_8:
	decq	%r11
	movq	%r11, %rdx
.LBB0_9:
	leal	-1(%r8), %edi
.LBB0_10:
	cmpl	$1023, %edi
	movl	$1023, %r10d
	cmovbl	%edi, %r10d
	movq	%r10, %r9
	shlq	$4, %r9
	subq	%r10, %r9
	subq	%r10, %r9
	addq	%rdx, %r9
	notl	%r10d
	movl	%esi, %edx
.LBB0_11:
	movl	%edx, %r11d
	addl	slack_memory(%r11), %eax
	addl	$4, %edx
	incl	%r10d
	jne	.LBB0_11
	movq	%r9, slack_safepoint(%rip)
	cmpl	$1024, %edi
	jb	.LBB0_14
	addl	$-1024, %edi
	addl	$4096, %esi
	addl	$-1024, %r8d
	addq	$14, %r9
	movq	%r9, %rdx
	jmp	.LBB0_10

wasm.hash:
	pushq	%rbp
	movq	%rsp, %rbp
	pushq	%r15
	pushq	%r14
	pushq	%rbx
	movq	%rcx, %rdx
	leal	-1(%rdi), %eax
	leaq	(%rax,%rax,4), %rcx
	leaq	(%rax,%rcx,2), %rcx
	movl	%edi, %esi
	andl	$7, %esi
	cmpl	$7, %eax
	jae	.LBB1_2
	xorl	%eax, %eax
	movq	%rdx, %r8
	jmp	.LBB1_8
.LBB1_2:
	movl	%edi, %r9d
	andl	$-8, %r9d
	addl	$-8, %r9d
	shrl	$3, %r9d
	xorl	%eax, %eax
	movq	%rdx, %r11
	xorl	%r10d, %r10d
.LBB1_3:
	cmpl	$511, %r9d
	movl	$511, %ebx
	cmovbl	%r9d, %ebx
	imulq	$88, %rbx, %r8
	addq	%r11, %r8
	leal	8(,%rbx,8), %ebx
	movl	%edi, %r11d
.LBB1_4:
	xorl	%r11d, %eax
	shldl	$5, %eax, %eax
	leal	-1(%r11), %r14d
	xorl	%eax, %r14d
	shldl	$5, %r14d, %r14d
	leal	-2(%r11), %eax
	xorl	%r14d, %eax
	shldl	$5, %eax, %eax
	leal	-3(%r11), %r14d
	xorl	%eax, %r14d
	shldl	$5, %r14d, %r14d
	leal	-4(%r11), %eax
	xorl	%r14d, %eax
	shldl	$5, %eax, %eax
	leal	-5(%r11), %r14d
	xorl	%eax, %r14d
	shldl	$5, %r14d, %r14d
	leal	-6(%r11), %r15d
	xorl	%r14d, %r15d
	shldl	$5, %r15d, %r15d
	leal	-7(%r11), %eax
	xorl	%r15d, %eax
	shldl	$5, %eax, %eax
	addl	$-8, %r11d
	addl	$-8, %ebx
	jne	.LBB1_4
	addq	$89, %r8
	movq	%r8, slack_safepoint(%rip)
	cmpl	$512, %r9d
	jb	.LBB1_7
	addl	$-512, %r9d
	addl	$-4096, %edi
	addl	$4096, %r10d
	decq	%r8
	movq	%r8, %r11
	jmp	.LBB1_3
.LBB1_7:
	decq	%r8
	movl	%r11d, %edi
.LBB1_8:
	addq	%rdx, %rcx
	testl	%esi, %esi
	je	.LBB1_12
	leal	-1(%rsi), %edx
	leaq	(%rdx,%rdx,4), %r9
	leaq	(%rdx,%r9,2), %rdx
	addq	%rdx, %r8
.LBB1_10:
	xorl	%edi, %eax
	shldl	$5, %eax, %eax
	decl	%edi
	decl	%esi
	jne	.LBB1_10
	movq	%r8, slack_safepoint(%rip)
.LBB1_12:
	addq	$13, %rcx
	popq	%rbx
	popq	%r14
	popq	%r15
	popq	%rbp
	retq

wasm.fill_few:
	pushq	%rbp
	movq	%rsp, %rbp
	movd	%edi, %xmm0
	pxor	%xmm1, %xmm1
	pshufb	%xmm1, %xmm0
	leaq	-309(%rcx), %rax
	movl	$112, %edx
.LBB2_1:
	addq	$320, %rax
	movdqa	%xmm0, slack_memory-112(%rdx)
	movdqa	%xmm0, slack_memory-96(%rdx)
	movq	%rax, slack_safepoint(%rip)
	movdqa	%xmm0, slack_memory-80(%rdx)
	movdqa	%xmm0, slack_memory-64(%rdx)
	movdqa	%xmm0, slack_memory-48(%rdx)
	movdqa	%xmm0, slack_memory-32(%rdx)
	addq	$960, %rax
	cmpl	$1008, %edx
	je	.LBB2_3
	movdqa	%xmm0, slack_memory-16(%rdx)
	movdqa	%xmm0, slack_memory(%rdx)
	movq	%rax, slack_safepoint(%rip)
	subq	$-128, %rdx
	jmp	.LBB2_1
.LBB2_3:
	movzbl	%dil, %edx
	movd	%edx, %xmm0
	punpcklbw	%xmm0, %xmm0
	pshuflw	$0, %xmm0, %xmm0
	movq	%xmm0, slack_memory+992(%rip)
	movq	%rax, slack_safepoint(%rip)
	addq	$10001, %rcx
	popq	%rbp
	retq
