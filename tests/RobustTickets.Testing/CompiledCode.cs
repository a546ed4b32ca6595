using System.Reflection;
using System.Reflection.Emit;

namespace RobustTickets.Testing;

/// <summary>What a method's compiled code names.</summary>
public static class CompiledCode
{
    /// <summary>Every method and constructor that a type declares.</summary>
    public const BindingFlags All =
        BindingFlags.Public
        | BindingFlags.NonPublic
        | BindingFlags.Static
        | BindingFlags.Instance
        | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<int, OpCode> Codes = typeof(OpCodes)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(f => (OpCode)f.GetValue(null)!)
        .ToDictionary(c => (int)(ushort)c.Value);

    /// <summary>
    /// The texts (<see cref="string"/>) and methods (<see cref="MethodBase"/>) that the
    /// instructions of a method name, in order; nothing for a method without a body.
    /// </summary>
    /// <param name="method">The method.</param>
    public static IEnumerable<object> Operands(MethodBase method)
    {
        if (method.GetMethodBody()?.GetILAsByteArray() is not { } code)
            yield break;
        for (var at = 0; at < code.Length; )
        {
            int value = code[at++];
            if (value == 0xfe)
                value = (value << 8) | code[at++];
            var operand = Codes[value].OperandType;
            if (operand == OperandType.InlineString)
                yield return method.Module.ResolveString(BitConverter.ToInt32(code, at));
            if (operand == OperandType.InlineMethod && Called(method, BitConverter.ToInt32(code, at)) is { } called)
                yield return called;
            at += operand switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + (4 * BitConverter.ToInt32(code, at)),
                _ => 4,
            };
        }
    }

    private static MethodBase? Called(MethodBase method, int token) =>
        method.Module.ResolveMethod(
            token,
            method.DeclaringType?.GetGenericArguments(),
            method.IsGenericMethod ? method.GetGenericArguments() : null
        );
}
