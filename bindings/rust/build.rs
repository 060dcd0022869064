// SPDX-License-Identifier: MIT
//! Finds the C library: in the source tree that LIBERRSEQ_SOURCE names, else by pkg-config, else in the source tree
//! that this crate lies in. From a source tree, $CC and $AR build it into the program.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    for name in ["LIBERRSEQ_SOURCE", "PKG_CONFIG", "PKG_CONFIG_PATH", "CC", "CFLAGS", "AR"] {
        println!("cargo:rerun-if-env-changed={name}");
    }
    if let Some(source) = env::var_os("LIBERRSEQ_SOURCE") {
        return build(Path::new(&source));
    }
    if let Err(why) = use_installed() {
        let tree = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        assert!(
            tree.join("src/errseq.c").exists(),
            "libErrseq was not found by pkg-config: {why}\n\
             Install it, or set PKG_CONFIG_PATH, or set LIBERRSEQ_SOURCE to its source tree."
        );
        build(&tree);
    }
}

/// Links the library that pkg-config knows.
fn use_installed() -> Result<(), String> {
    let program = env::var("PKG_CONFIG").unwrap_or_else(|_| "pkg-config".into());
    let said = Command::new(&program)
        .args(["--libs", "--print-errors", "libErrseq >= 0.1"])
        .output()
        .map_err(|error| format!("{program}: {error}"))?;
    if !said.status.success() {
        return Err(String::from_utf8_lossy(&said.stderr).into_owned());
    }
    for word in String::from_utf8_lossy(&said.stdout).split_whitespace() {
        if let Some(folder) = word.strip_prefix("-L") {
            println!("cargo:rustc-link-search=native={folder}");
        } else if let Some(library) = word.strip_prefix("-l") {
            println!("cargo:rustc-link-lib={library}");
        }
    }
    Ok(())
}

/// Compiles the library from its source and links it statically.
fn build(tree: &Path) {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let cross = env::var("HOST") != env::var("TARGET");
    let mut objects = Vec::new();
    for name in ["errseq", "wait"] {
        let source = tree.join(format!("src/{name}.c"));
        let object = out.join(format!("{name}.o"));
        println!("cargo:rerun-if-changed={}", source.display());
        run(tool("CC", "cc", cross)
            .args(["-std=c11", "-O2", "-fPIC", "-fvisibility=hidden", "-I"])
            .arg(tree.join("include"))
            .args(env::var("CFLAGS").unwrap_or_default().split_whitespace())
            .arg("-c")
            .arg(source)
            .arg("-o")
            .arg(&object));
        objects.push(object);
    }
    println!("cargo:rerun-if-changed={}", tree.join("include/errseq").display());
    println!("cargo:rerun-if-changed={}", tree.join("src/errseq_template.h").display());
    run(tool("AR", "ar", cross).arg("crs").arg(out.join("libErrseq.a")).args(objects));
    println!("cargo:rustc-link-search=native={}", out.display());
    println!("cargo:rustc-link-lib=static=Errseq");
}

/// The command in an environment variable. It may have arguments, such as "ccache gcc".
fn tool(variable: &str, usual: &str, cross: bool) -> Command {
    let said = env::var(variable);
    assert!(said.is_ok() || !cross, "For another machine, set {variable} to its tool, and CC and AR both.");
    let said = said.unwrap_or_else(|_| usual.into());
    let mut words = said.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or(usual));
    command.args(words);
    command
}

fn run(command: &mut Command) {
    let status = command.status();
    assert!(matches!(&status, Ok(status) if status.success()), "{command:?} did not work: {status:?}");
}
