# SPDX-License-Identifier: Apache-2.0
"""What the C toolchain can be asked for, and the flags that this means.

Bazel adds none of its own (no_legacy_features), so this is all of it.
"""

load("@rules_cc//cc:action_names.bzl", "ACTION_NAMES")
load(
    "@rules_cc//cc:cc_toolchain_config_lib.bzl",
    "feature",
    "feature_set",
    "flag_group",
    "flag_set",
    "variable_with_value",
    "with_feature_set",
)

_C = [ACTION_NAMES.c_compile]

_CXX = [
    ACTION_NAMES.cpp_compile,
    ACTION_NAMES.cpp_header_parsing,
    ACTION_NAMES.linkstamp_compile,
]

_ASSEMBLE = [ACTION_NAMES.preprocess_assemble]

PREPROCESS = _C + _CXX + _ASSEMBLE

COMPILE = PREPROCESS + [ACTION_NAMES.assemble]

LINK_EXECUTABLE = [ACTION_NAMES.cpp_link_executable]

LINK_SHARED = [
    ACTION_NAMES.cpp_link_dynamic_library,
    ACTION_NAMES.cpp_link_nodeps_dynamic_library,
]

LINK = LINK_EXECUTABLE + LINK_SHARED

ARCHIVE = [ACTION_NAMES.cpp_link_static_library]

def _flags(actions, flags, only = None, without = None):
    """Flags of some actions, with some features on and others off."""
    return flag_set(
        actions = actions,
        flag_groups = [flag_group(flags = flags)],
        with_features = [with_feature_set(features = only or [], not_features = without or [])] if only or without else [],
    )

def _each(actions, variable, flags):
    """Flags once for each value of a list variable."""
    return flag_set(
        actions = actions,
        flag_groups = [flag_group(flags = flags, iterate_over = variable, expand_if_available = variable)],
    )

def _if(actions, variable, flags, without = None):
    """Flags where a variable has a value."""
    return flag_set(
        actions = actions,
        flag_groups = [flag_group(flags = flags, expand_if_available = variable)],
        with_features = [with_feature_set(not_features = without)] if without else [],
    )

def _always(name, flag_sets, **kwargs):
    return feature(name = name, enabled = True, flag_sets = flag_sets, **kwargs)

def _on_request(name, flag_sets, **kwargs):
    return feature(name = name, flag_sets = flag_sets, **kwargs)

def _link_inputs():
    """libraries_to_link: what each kind of linker input looks like on the command line."""

    def group(kind, flags, **kwargs):
        return flag_group(
            flags = flags,
            expand_if_equal = variable_with_value(name = "libraries_to_link.type", value = kind),
            **kwargs
        )

    return flag_group(
        iterate_over = "libraries_to_link",
        expand_if_available = "libraries_to_link",
        flag_groups = [
            flag_group(flags = ["-Wl,-whole-archive"], expand_if_true = "libraries_to_link.is_whole_archive"),
            group("object_file_group", ["%{libraries_to_link.object_files}"], iterate_over = "libraries_to_link.object_files"),
            group("object_file", ["%{libraries_to_link.name}"]),
            group("interface_library", ["%{libraries_to_link.name}"]),
            group("static_library", ["%{libraries_to_link.name}"]),
            group("dynamic_library", ["-l%{libraries_to_link.name}"]),
            group("versioned_dynamic_library", ["-l:%{libraries_to_link.name}"]),
            flag_group(flags = ["-Wl,-no-whole-archive"], expand_if_true = "libraries_to_link.is_whole_archive"),
        ],
    )

def _archive_inputs():
    return flag_group(
        iterate_over = "libraries_to_link",
        expand_if_available = "libraries_to_link",
        flag_groups = [
            flag_group(
                flags = ["%{libraries_to_link.name}"],
                expand_if_equal = variable_with_value(name = "libraries_to_link.type", value = "object_file"),
            ),
            flag_group(
                flags = ["%{libraries_to_link.object_files}"],
                expand_if_equal = variable_with_value(name = "libraries_to_link.type", value = "object_file_group"),
                iterate_over = "libraries_to_link.object_files",
            ),
        ],
    )

def _modes():
    """The three compilation modes. Debug information stays out of what is cached unless asked for."""
    return [
        _always("warnings", [_flags(_C + _CXX, ["-Wall", "-Wextra", "-Wno-unused-parameter"])]),
        _always("hardening", [
            _flags(_C + _CXX, ["-fstack-protector-strong"]),
            _flags(LINK, ["-Wl,-z,relro,-z,now,-z,noexecstack"]),
        ]),
        _always("frame_pointers", [_flags(_C + _CXX, ["-fno-omit-frame-pointer"])]),
        _on_request("fastbuild", [_flags(_C + _CXX, ["-O1", "-g1"])]),
        _on_request("dbg", [_flags(_C + _CXX, ["-O0", "-g3"]), _flags(_ASSEMBLE, ["-g"])]),
        _on_request("opt", [
            _flags(_C + _CXX, ["-O2", "-g0", "-DNDEBUG", "-ffunction-sections", "-fdata-sections"]),
            _flags(_C + _CXX, ["-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2"], without = ["asan"]),
            _flags(LINK, ["-Wl,--gc-sections"]),
        ]),
    ]

def _deterministic():
    """The same output from the same input, whatever the machine, the folder and the hour."""
    return _always("deterministic", [
        # Bazel sets PWD to /proc/self/cwd for compilers, which GCC takes for the folder's name.
        _flags(COMPILE, ["-ffile-prefix-map=/proc/self/cwd=."]),
        _flags(PREPROCESS, [
            "-Wno-builtin-macro-redefined",
            "-D__DATE__=\"redacted\"",
            "-D__TIMESTAMP__=\"redacted\"",
            "-D__TIME__=\"redacted\"",
        ]),
        _if(_C + _CXX, "output_file", ["-frandom-seed=%{output_file}"]),
        _flags(LINK, ["-Wl,--build-id=sha1"]),
    ])

def _link_modes(script_folder, start_object):
    """Static by default: a test then runs on any host, and maps nothing of it.

    `dynamic_executable` is for what cannot be static, such as ASan. The program
    then finds its loader and libraries in its runfiles, see start/start.c.
    """
    return [
        _always("static_executable", [
            _flags(LINK_EXECUTABLE, ["-static-pie"], without = ["dynamic_executable", "fully_static_link"]),
        ]),
        _on_request("fully_static_link", [_flags(LINK_EXECUTABLE, ["-static"])]),
        _on_request("dynamic_executable", [_flags(LINK_EXECUTABLE, [
            "-no-pie",
            "-Wl,--no-dynamic-linker",
            "-Wl,-e,tidelock_start",
            # start.c puts the true folder in front of this one when the program starts.
            "-Wl,--disable-new-dtags,-rpath,/tidelock-runtime",
            # A library that is not there must not be taken from the host.
            "-Wl,-z,nodefaultlib",
            start_object,
        ])]),
        _always("shared_libraries", [_flags(LINK_SHARED, ["-shared"])]),
        _always("c_library", [_flags(LINK, ["-L" + script_folder])]),
    ]

def _sanitizers():
    # An error ends the program with a status that fails the test.
    return [
        _on_request(
            "asan",
            [
                _flags(_C + _CXX, ["-fsanitize=address", "-g", "-fno-common"]),
                _flags(LINK_EXECUTABLE, ["-fsanitize=address", "-static-libasan"]),
                _flags(LINK_SHARED, ["-fsanitize=address", "-static-libasan"]),
            ],
            implies = ["dynamic_executable"],
        ),
        _on_request(
            "ubsan",
            [
                _flags(_C + _CXX, ["-fsanitize=undefined", "-fno-sanitize-recover=all", "-g"]),
                _flags(LINK, ["-fsanitize=undefined", "-static-libubsan"]),
            ],
            implies = ["dynamic_executable"],
        ),
    ]

def _coverage():
    return [
        feature(name = "coverage"),
        feature(
            name = "gcc_coverage_map_format",
            flag_sets = [
                _if(_C + _CXX + _ASSEMBLE, "gcov_gcno_file", ["-fprofile-arcs", "-ftest-coverage"]),
                _flags(LINK, ["--coverage"]),
            ],
            requires = [feature_set(features = ["coverage"])],
        ),
    ]

def _inputs_and_outputs():
    """How Bazel's variables become flags. Order matters; the user's flags come after ours."""
    return [
        _always("dependency_file", [_if(PREPROCESS, "dependency_file", ["-MD", "-MF", "%{dependency_file}"])]),
        _always("pic", [_if(COMPILE, "pic", ["-fPIC"])]),
        _always("preprocessor_defines", [_each(PREPROCESS, "preprocessor_defines", ["-D%{preprocessor_defines}"])]),
        _always("includes", [_each(PREPROCESS, "includes", ["-include", "%{includes}"])]),
        _always("include_paths", [
            _each(PREPROCESS, "quote_include_paths", ["-iquote", "%{quote_include_paths}"]),
            _each(PREPROCESS, "include_paths", ["-I%{include_paths}"]),
            _each(PREPROCESS, "system_include_paths", ["-isystem", "%{system_include_paths}"]),
        ]),
        _on_request("external_include_paths", [
            _each(PREPROCESS, "external_include_paths", ["-isystem", "%{external_include_paths}"]),
        ]),
        _on_request("treat_warnings_as_errors", [
            _flags(COMPILE, ["-Werror"]),
            _flags(LINK, ["-Wl,--fatal-warnings"]),
        ]),
        _always("output_execpath_flags", [_if(LINK, "output_execpath", ["-o", "%{output_execpath}"])]),
        _always("archiver_flags", [flag_set(
            actions = ARCHIVE,
            flag_groups = [
                # D: no times, owners or modes in the archive.
                flag_group(flags = ["rcsD"]),
                flag_group(flags = ["%{output_execpath}"], expand_if_available = "output_execpath"),
                _archive_inputs(),
            ],
        )]),
        _always("library_search_directories", [_each(LINK, "library_search_directories", ["-L%{library_search_directories}"])]),
        _always("runtime_library_search_directories", [
            _each(LINK, "runtime_library_search_directories", ["-Wl,-rpath,$ORIGIN/%{runtime_library_search_directories}"]),
        ]),
        _always("libraries_to_link", [flag_set(actions = LINK, flag_groups = [_link_inputs()])]),
        _always("strip_debug_symbols", [_if(LINK, "strip_debug_symbols", ["-Wl,-S"], without = ["dynamic_executable"])]),
        _always("user_link_flags", [_each(LINK, "user_link_flags", ["%{user_link_flags}"])]),
        _always("strip_flags", [flag_set(
            actions = [ACTION_NAMES.strip],
            flag_groups = [
                flag_group(flags = ["-S", "-p", "--enable-deterministic-archives", "-o", "%{output_file}"]),
                flag_group(flags = ["%{stripopts}"], iterate_over = "stripopts"),
                flag_group(flags = ["%{input_file}"]),
            ],
        )]),
        _always("user_compile_flags", [_each(COMPILE, "user_compile_flags", ["%{user_compile_flags}"])]),
        _always("unfiltered_compile_flags", [_each(COMPILE, "unfiltered_compile_flags", ["%{unfiltered_compile_flags}"])]),
        _always("linker_param_file", [_if(LINK + ARCHIVE, "linker_param_file", ["@%{linker_param_file}"])]),
        _always("compiler_input_flags", [_if(COMPILE, "source_file", ["-c", "%{source_file}"])]),
        _always("compiler_output_flags", [
            _if(COMPILE, "output_assembly_file", ["-S"]),
            _if(COMPILE, "output_preprocess_file", ["-E"]),
            _if(COMPILE, "output_file", ["-o", "%{output_file}"]),
        ]),
        _always("compiler_param_file", []),
        _always("archive_param_file", []),
    ]

def toolchain_features(script_folder, start_object):
    """All features of the toolchain, in the order of their flags.

    Args:
      script_folder: path of the folder with the linker's scripts.
      start_object: path of the object that start/start.c becomes.

    Returns:
      A list of features for create_cc_toolchain_config_info.
    """
    return (
        [
            feature(name = "no_legacy_features"),
            feature(name = "supports_pic", enabled = True),
        ] +
        _modes() +
        [_deterministic()] +
        _link_modes(script_folder, start_object) +
        _sanitizers() +
        _coverage() +
        _inputs_and_outputs()
    )
