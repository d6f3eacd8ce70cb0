"""Reads recipe.yaml as rattler-build does, renders it for Linux and macOS, and prints the result.

It fetches nothing and builds nothing. A recipe that rattler-build refuses ends it with rattler-build's own message.
"""

from pathlib import Path

from rattler_build import PlatformConfig, RenderConfig, Stage0Recipe, VariantConfig

recipe = Stage0Recipe.from_file(Path(__file__).with_name("recipe.yaml"))
for platform in ("linux-64", "linux-aarch64", "osx-64", "osx-arm64"):
    config = RenderConfig(platform=PlatformConfig(target_platform=platform, build_platform="linux-64"))
    (rendered,) = recipe.render(VariantConfig(), config)
    package = rendered.recipe.package
    print(platform, package.name, package.version)
