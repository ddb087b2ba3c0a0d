# SPDX-License-Identifier: Apache-2.0
#
# The Kbuild file of a module that has no code: it builds the kernel's own
# programs in the kernel's tree, by the makefiles that lie beside them. The top
# makefile has exported all that they need by the time this file is read.

folders := scripts/basic scripts/mod
ifneq ($(wildcard $(kernel_tree)/scripts/genksyms/Makefile),)
folders += $(if $(CONFIG_MODVERSIONS),$(if $(CONFIG_GENDWARFKSYMS),,scripts/genksyms))
endif

always-y := programs

# What is built is a part of the kernel's tree, not of this module.
build-in-tree := $(MAKE) -C $(kernel_tree) -f scripts/Makefile.build \
	srctree=. objtree=. srcroot=. KBUILD_EXTMOD= extmod_prefix=

$(obj)/programs: FORCE
	+$(foreach f,$(folders),$(build-in-tree) obj=$(f) &&) true
ifdef BUILD_C_RECORDMCOUNT
	+$(build-in-tree) obj=scripts scripts/recordmcount
endif
