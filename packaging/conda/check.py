"""Read recipe.yaml as rattler-build does, render it for Linux and macOS, and print the result.

This downloads and builds nothing. If rattler-build refuses the recipe, its own message ends the program.
"""

from pathlib import Path

from rattler_build import PlatformConfig, RenderConfig, Stage0Recipe, VariantConfig

recipe = Stage0Recipe.from_file(Path(__file__).with_name("recipe.yaml"))
for platform in ("linux-64", "linux-aarch64", "osx-64", "osx-arm64"):
    config = RenderConfig(platform=PlatformConfig(target_platform=platform, build_platform="linux-64"))
    (rendered,) = recipe.render(VariantConfig(), config)
    package = rendered.recipe.package
    print(platform, package.name, package.version)
