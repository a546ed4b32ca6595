using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using RobustTickets.Testing;
using RobustTickets.Torch.Native;
using Xunit;

namespace RobustTickets.Kernels.Tests;

/// <summary>
/// One name a kernel: <c>ResidualNormKernel</c> imports <c>rt_residual_norm_*</c>, which stand in
/// <c>native/residual_norm.cpp</c>.
/// </summary>
public sealed partial class NativeNamesTests
{
    [Fact]
    public void Every_import_is_exported_by_the_library()
    {
        var imports = Imports(typeof(ShimLibrary).Assembly).Concat(Imports(typeof(KernelLibrary).Assembly)).ToArray();
        Assert.Contains(imports, i => i.Entry == "rt_last_error");
        Assert.Contains(imports, i => i.Entry == "rt_gemm");
        Assert.All(imports, i => Assert.True(NativeLibrary.TryGetExport(ShimLibrary.Handle, i.Entry, out _), i.Entry));
    }

    [Fact]
    public void A_kernel_has_one_name_in_both_languages()
    {
        var kernels = Imports(typeof(KernelLibrary).Assembly).Where(i => i.Owner != nameof(NativeKernels)).ToArray();
        Assert.NotEmpty(kernels);
        Assert.All(kernels, k => Assert.Null(Misnamed(k.Owner, k.Entry)));
    }

    [Theory]
    [InlineData("GeluKernel", "rt_activation_forward")]
    [InlineData("GeluKernel", "rt_gelu_sideways")]
    [InlineData("UnknownKernel", "rt_unknown")]
    public void Another_name_is_found(string owner, string entry) => Assert.NotNull(Misnamed(owner, entry));

    private static string? Misnamed(string owner, string entry)
    {
        var name = WordStart().Replace(owner.Replace("Kernel", ""), "_$0").ToLowerInvariant();
        var file = Path.Combine(Golden.RepositoryRoot, "native", name + ".cpp");
        if (!entry.StartsWith("rt_" + name, StringComparison.Ordinal))
            return $"{owner} imports {entry}, not rt_{name}";
        if (!File.Exists(file) || !File.ReadAllText(file).Contains($" {entry}("))
            return $"{owner} imports {entry}, which is not in native/{name}.cpp";
        return null;
    }

    // What the source generator leaves: extern methods of the type, or local functions in its
    // stubs.
    private static IEnumerable<(string Owner, string Entry)> Imports(Assembly assembly) =>
        from type in assembly.GetTypes()
        from method in type.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
        let import = method.GetCustomAttribute<DllImportAttribute>()
        where import?.Value == ShimLibrary.ImportName
        select (type.Name, import.EntryPoint!);

    [GeneratedRegex("(?<=[a-z0-9])[A-Z]")]
    private static partial Regex WordStart();
}
