// Which tests of an assembly read golden values, by the calls in its compiled code, and which of
// them `./test.sh golden` would leave out.
using System.Reflection;
using System.Runtime.CompilerServices;
using Xunit;

namespace RobustTickets.Testing;

/// <summary>The tests that read golden values.</summary>
public static class GoldenReaders
{
    /// <summary>What <c>./test.sh golden</c> selects; <see cref="IsSelected"/> says the same.</summary>
    public const string Filter = "Category=Golden|FullyQualifiedName~Golden";

    /// <summary>The tests of an assembly that read golden values.</summary>
    /// <param name="assembly">The test assembly.</param>
    public static IReadOnlyList<MethodInfo> In(Assembly assembly) =>
        [
            .. assembly
                .GetTypes()
                .SelectMany(type => type.GetMethods(CompiledCode.All))
                .Where(method => method.GetCustomAttributes<FactAttribute>().Any() && Reads(method)),
        ];

    /// <summary>Whether <see cref="Filter"/> selects a test.</summary>
    /// <param name="test">The test.</param>
    public static bool IsSelected(MethodInfo test) =>
        $"{test.DeclaringType!.FullName}.{test.Name}".Contains("Golden", StringComparison.OrdinalIgnoreCase)
        || IsOfCategory(test)
        || IsOfCategory(test.DeclaringType);

    /// <summary>
    /// Whether a method, its data, or the constructor of its class reads golden values, itself or
    /// by methods of its assembly that it calls.
    /// </summary>
    /// <param name="test">The method.</param>
    public static bool Reads(MethodInfo test)
    {
        var seen = new HashSet<MethodBase>();
        var open = new Stack<MethodBase>([test, .. test.DeclaringType!.GetConstructors(), .. Data(test)]);
        while (open.TryPop(out var method))
        {
            if (!seen.Add(method))
                continue;
            if (method.GetCustomAttribute<StateMachineAttribute>() is { } machine)
                Push(machine.StateMachineType.GetMethods(CompiledCode.All));
            foreach (var called in CompiledCode.Operands(method).OfType<MethodBase>())
            {
                if (IsEntrance(called))
                    return true;
                // The definition, of what a generic type or method makes of it.
                if (called.Module.Assembly == test.Module.Assembly)
                    Push([called.Module.ResolveMethod(called.MetadataToken)!]);
            }
        }
        return false;

        void Push(IEnumerable<MethodBase> methods)
        {
            foreach (var method in methods)
                open.Push(method);
        }
    }

    private static bool IsEntrance(MethodBase method) =>
        (method.DeclaringType == typeof(Golden) && method.Name is nameof(Golden.Folder) or nameof(Golden.Required))
        || method is { DeclaringType.Name: "GoldenAttacks", Name: "get_Instance" };

    private static IEnumerable<MethodBase> Data(MethodInfo test) =>
        test.GetCustomAttributes<MemberDataAttribute>()
            .SelectMany(data =>
                (data.MemberType ?? test.DeclaringType!)
                    .GetMethods(CompiledCode.All)
                    .Where(m => m.Name == data.MemberName || m.Name == "get_" + data.MemberName)
            );

    private static bool IsOfCategory(MemberInfo member) =>
        member.CustomAttributes.Any(a =>
            a.AttributeType == typeof(TraitAttribute)
            && a.ConstructorArguments.Select(v => (string?)v.Value).SequenceEqual(["Category", "Golden"])
        );
}
