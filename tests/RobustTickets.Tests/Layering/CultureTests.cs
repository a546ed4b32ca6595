// No text of a library depends on the user's culture: an interpolated string with a number that has
// a fraction says that it is invariant. Judged by the compiled code, in which the compiler shows
// how each string is put together.
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using RobustTickets.Attacks;
using RobustTickets.Kernels.Optim;
using RobustTickets.OnnxRuntime;
using RobustTickets.Testing;
using RobustTickets.Torch;
using Xunit;

namespace RobustTickets.Tests.Layering;

public sealed class CultureTests
{
    // A whole number has neither point nor groups.
    private static readonly string[] Whole = ["0", "F0"];

    [Fact]
    public void No_text_with_a_fraction_depends_on_the_culture()
    {
        Assembly[] libraries =
        [
            typeof(Attack).Assembly,
            typeof(Tensor).Assembly,
            typeof(AdamWKernel).Assembly,
            typeof(OnnxModels).Assembly,
            typeof(TrainRequest).Assembly,
        ];
        var found =
            from library in libraries
            from type in library.GetTypes()
            from method in Methods(type)
            from place in Faults(method)
            select $"{type.FullName}.{method.Name}: {place}";
        Assert.Empty(found.Distinct().Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(nameof(Samples.Plain), 1)]
    [InlineData(nameof(Samples.Nested), 1)]
    [InlineData(nameof(Samples.ToText), 1)]
    [InlineData(nameof(Samples.Joined), 1)]
    [InlineData(nameof(Samples.Created), 0)]
    [InlineData(nameof(Samples.Formattable), 0)]
    [InlineData(nameof(Samples.WholeNumber), 0)]
    public void The_search_for_texts_of_a_culture_finds_them(string method, int faults) =>
        Assert.Equal(
            faults,
            Faults(typeof(Samples).GetMethod(method, BindingFlags.NonPublic | BindingFlags.Static)!).Count
        );

    [Fact]
    public void The_refusal_of_a_request_has_a_decimal_point()
    {
        using var culture = new CommaCulture();
        var request = new HardenRequest("m", "d", "t", "o", CleanLoss: 1.5, Execution: new RobustTickets.Execution());
        Assert.Contains("found 1.5", Assert.Throws<RequestException>(request.Check).Message, StringComparison.Ordinal);
    }

    private static IEnumerable<MethodBase> Methods(Type type) =>
        [.. type.GetMethods(CompiledCode.All), .. type.GetConstructors(CompiledCode.All)];

    private static List<string> Faults(MethodBase method)
    {
        var faults = new List<string>();
        // Of each interpolated string that is being put together: whether it names a culture.
        var open = new Stack<bool>();
        string? text = null;
        foreach (var operand in CompiledCode.Operands(method))
        {
            if (operand is string s)
                text = s;
            else
                See((MethodBase)operand);
        }
        return faults;

        void See(MethodBase called)
        {
            var owner = called.DeclaringType;
            var parameters = called.GetParameters();
            if (owner == typeof(DefaultInterpolatedStringHandler) && called.IsConstructor)
                open.Push(parameters.Length > 2);
            else if (owner == typeof(DefaultInterpolatedStringHandler) && called.Name == "ToStringAndClear")
                open.TryPop(out _);
            else if (
                parameters.Any(p => p.ParameterType.HasElementType && IsHandler(p.ParameterType.GetElementType()!))
            )
                open.TryPop(out _);
            else if (owner == typeof(DefaultInterpolatedStringHandler) && called.Name == "AppendFormatted")
            {
                var format = parameters.Any(p => p.ParameterType == typeof(string) && p.Name == "format") ? text : null;
                if (
                    called.IsGenericMethod
                    && HasFraction(called.GetGenericArguments()[0])
                    && !Whole.Contains(format)
                    && open.TryPeek(out var named)
                    && !named
                )
                    faults.Add($"an interpolated {called.GetGenericArguments()[0].Name}");
            }
            else if (
                called.Name == nameof(ToString)
                && owner is not null
                && HasFraction(owner)
                && parameters.All(p => p.ParameterType != typeof(IFormatProvider))
            )
                faults.Add($"ToString of {owner.Name}");
            else if (owner == typeof(string) && called.IsGenericMethod && HasFraction(called.GetGenericArguments()[0]))
                faults.Add($"string.{called.Name} of {called.GetGenericArguments()[0].Name}");
        }
    }

    private static bool IsHandler(Type type) => type == typeof(DefaultInterpolatedStringHandler);

    private static bool HasFraction(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        return type == typeof(double) || type == typeof(float) || type == typeof(decimal) || type == typeof(Half);
    }

    private static class Samples
    {
        internal static string Plain(double x) => $"is {x}";

        internal static string Nested(double x, string s) =>
            string.Create(CultureInfo.InvariantCulture, $"{$"is {x}"}: {x} {s}");

        internal static string ToText(float x) => x.ToString("R");

        internal static string Joined(double[] x) => string.Join(", ", x);

        internal static string Created(double x) => string.Create(CultureInfo.InvariantCulture, $"is {x:0.0}");

        internal static string Formattable(double x) => FormattableString.Invariant($"is {x}");

        internal static string WholeNumber(double x) => $"is {x:0} {1.Equals(2)}";
    }
}
