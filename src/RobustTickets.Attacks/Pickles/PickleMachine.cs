// A pickle virtual machine for plain containers and torch.save (protocols 2 to 5). It builds
// tuples, lists, dicts, sets, numbers and strings and executes no code: the dialect interprets
// names and calls, and lengths are checked against the file before memory is allocated.

using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace RobustTickets.Attacks.Pickles;

/// <summary>Reads one pickle from a range of a file.</summary>
internal sealed class PickleMachine
{
    private static readonly object Mark = new();
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly PickleDialect dialect;
    private readonly long end;
    private readonly string what;
    private readonly List<object?> stack = [];
    private readonly Dictionary<long, object?> memo = [];
    private long at;

    private PickleMachine(PickleDialect dialect, long start, long end, string what)
    {
        this.dialect = dialect;
        this.end = end;
        this.what = what;
        at = start;
    }

    /// <summary>
    /// Reads the pickle from <paramref name="start"/> to before <paramref name="end"/>.
    /// </summary>
    /// <param name="dialect">The bytes, and the interpretation of names and calls.</param>
    /// <param name="start">Offset of the first byte.</param>
    /// <param name="end">Offset before which the pickle must stop.</param>
    /// <param name="what">Name of the input in messages (<c>data.pkl</c>).</param>
    /// <returns>The value, and the position after the pickle.</returns>
    /// <exception cref="Exception">The dialect's exception: the pickle is truncated or malformed,
    /// or uses a disallowed name.</exception>
    public static (object? Value, long End) Read(PickleDialect dialect, long start, long end, string what)
    {
        var machine = new PickleMachine(dialect, start, end, what);
        return (machine.Run(), machine.at);
    }

    private object? Run()
    {
        while (true)
        {
            var position = at;
            var code = NextByte();
            if (code == '.')
            {
                var value = Pop();
                if (stack.Count != 0)
                    throw Refuse($"{stack.Count} values remain on the stack at STOP");
                return value;
            }
            Step(code, position);
        }
    }

    private void Step(byte code, long position)
    {
        switch (code)
        {
            case 0x80: // PROTO
                var protocol = NextByte();
                if (protocol is < 2 or > 5)
                    throw Refuse($"pickle protocol {protocol}; supported: 2 to 5");
                break;
            case 0x95: // FRAME: only a hint for buffered readers
                Skip(8);
                break;
            case (byte)'(':
                stack.Add(Mark);
                break;
            case (byte)'0': // POP
                _ = PopAny();
                break;
            case (byte)'1': // POP_MARK
                _ = PopToMark();
                break;
            case (byte)'N':
                stack.Add(null);
                break;
            case 0x88:
                stack.Add(true);
                break;
            case 0x89:
                stack.Add(false);
                break;
            case (byte)'K':
                stack.Add((long)NextByte());
                break;
            case (byte)'M':
                stack.Add((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2)));
                break;
            case (byte)'J':
                stack.Add((long)BinaryPrimitives.ReadInt32LittleEndian(Take(4)));
                break;
            case 0x8a: // LONG1: two's complement, least significant byte first
                var big = new BigInteger(Take(NextByte()));
                stack.Add(big >= long.MinValue && big <= long.MaxValue ? (object)(long)big : big);
                break;
            case (byte)'G':
                stack.Add(BinaryPrimitives.ReadDoubleBigEndian(Take(8)));
                break;
            case (byte)'X':
                stack.Add(Text(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))));
                break;
            case 0x8c: // SHORT_BINUNICODE
                stack.Add(Text(NextByte()));
                break;
            case (byte)'U': // SHORT_BINSTRING: Python 2's str; read as ASCII
                stack.Add(Text(NextByte()));
                break;
            case (byte)'T': // BINSTRING
                stack.Add(Text(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))));
                break;
            case (byte)')':
                stack.Add(new PickleTuple([]));
                break;
            case 0x85:
                stack.Add(new PickleTuple(PopMany(1)));
                break;
            case 0x86:
                stack.Add(new PickleTuple(PopMany(2)));
                break;
            case 0x87:
                stack.Add(new PickleTuple(PopMany(3)));
                break;
            case (byte)'t':
                stack.Add(new PickleTuple(PopToMark()));
                break;
            case (byte)']':
                stack.Add(new PickleList());
                break;
            case (byte)'a':
                var item = Pop();
                Top<PickleList>("APPEND").Items.Add(item);
                break;
            case (byte)'e':
                var items = PopToMark();
                Top<PickleList>("APPENDS").Items.AddRange(items);
                break;
            case 0x8f:
                stack.Add(new PickleSet());
                break;
            case 0x90: // ADDITEMS
                var members = PopToMark();
                Top<PickleSet>("ADDITEMS").Items.AddRange(members);
                break;
            case 0x91: // FROZENSET
                stack.Add(new PickleSet(PopToMark()));
                break;
            case (byte)'}':
                stack.Add(new PickleDict());
                break;
            case (byte)'s':
                SetItems(PopMany(2));
                break;
            case (byte)'u':
                SetItems(PopToMark());
                break;
            case (byte)'q':
                memo[NextByte()] = Peek();
                break;
            case (byte)'r':
                memo[BinaryPrimitives.ReadUInt32LittleEndian(Take(4))] = Peek();
                break;
            case 0x94: // MEMOIZE
                memo[memo.Count] = Peek();
                break;
            case (byte)'h':
                stack.Add(Recall(NextByte()));
                break;
            case (byte)'j':
                stack.Add(Recall(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))));
                break;
            case (byte)'c':
                stack.Add(dialect.Global(what, Line(), Line()));
                break;
            case 0x93: // STACK_GLOBAL
                var names = PopMany(2);
                stack.Add(dialect.Global(what, names[0] as string ?? "?", names[1] as string ?? "?"));
                break;
            case (byte)'i': // INST: names a class and calls it
                throw dialect.Forbidden(what, Line(), Line());
            case (byte)'Q':
                stack.Add(dialect.Persistent(Pop(), Refuse));
                break;
            case (byte)'R':
                var arguments = Pop();
                stack.Add(dialect.Call(Pop(), arguments, Refuse));
                break;
            // BUILD: torch attaches version numbers ("_metadata") to the state dict; they are not
            // needed.
            case (byte)'b':
                _ = Pop();
                _ = Top<PickleDict>("BUILD");
                break;
            default:
                throw Refuse(
                    $"pickle opcode 0x{code:x2}{(code is > 32 and < 127 ? $" ('{(char)code}')" : "")} at byte "
                        + $"{position} is not supported in {dialect.Subject}"
                );
        }
    }

    private void SetItems(object?[] pairs)
    {
        var dict = Top<PickleDict>("SETITEMS");
        if (pairs.Length % 2 != 0)
            throw Refuse("a dict key has no value");
        for (var i = 0; i < pairs.Length; i += 2)
        {
            if (pairs[i] is not (string or long or bool))
                throw Refuse($"a dict key is {PickleDialect.Describe(pairs[i])}; expected a string");
            if (!dict.TryAdd(pairs[i]!, pairs[i + 1]))
                throw Refuse($"dict key '{pairs[i]}' occurs twice");
        }
    }

    private object? Recall(long index) =>
        memo.TryGetValue(index, out var value) ? value : throw Refuse($"memo {index} is used before it is set");

    private object? Peek() =>
        stack.Count > 0 && stack[^1] != Mark ? stack[^1] : throw Refuse("the stack is empty; expected a value");

    private object? PopAny()
    {
        if (stack.Count == 0)
            throw Refuse("the stack is empty; expected a value");
        var value = stack[^1];
        stack.RemoveAt(stack.Count - 1);
        return value;
    }

    private object? Pop()
    {
        var value = PopAny();
        return value != Mark ? value : throw Refuse("found a mark; expected a value");
    }

    private object?[] PopMany(int count)
    {
        var values = new object?[count];
        for (var i = count - 1; i >= 0; i--)
            values[i] = Pop();
        return values;
    }

    private object?[] PopToMark()
    {
        var mark = stack.LastIndexOf(Mark);
        if (mark < 0)
            throw Refuse("a mark is missing");
        var values = stack.GetRange(mark + 1, stack.Count - mark - 1).ToArray();
        stack.RemoveRange(mark, stack.Count - mark);
        return values;
    }

    private T Top<T>(string opcode)
        where T : class => Peek() as T ?? throw Refuse($"{opcode} is applied to {PickleDialect.Describe(Peek())}");

    private byte NextByte()
    {
        if (at >= end)
            throw Truncated(1);
        return dialect.ReadByte(at++);
    }

    private byte[] Take(long count)
    {
        if (count > end - at)
            throw Truncated(count);
        var bytes = dialect.Read(at, (int)count);
        at += count;
        return bytes;
    }

    private void Skip(long count)
    {
        if (count > end - at)
            throw Truncated(count);
        at += count;
    }

    private string Text(long length)
    {
        try
        {
            return Utf8.GetString(Take(length));
        }
        catch (DecoderFallbackException e)
        {
            throw dialect.Refuse($"{what}: a string before byte {at} is not UTF-8", e);
        }
    }

    private string Line()
    {
        var bytes = new List<byte>();
        for (var next = NextByte(); next != '\n'; next = NextByte())
        {
            if (bytes.Count == 1024)
                throw Refuse($"a name before byte {at} has more than 1024 bytes");
            bytes.Add(next);
        }
        return Encoding.Latin1.GetString([.. bytes]);
    }

    private Exception Truncated(long needed) =>
        Refuse($"truncated: {needed} more bytes are needed at byte {at}, the pickle ends at {end}");

    private Exception Refuse(string message) => dialect.Refuse($"{what}: {message}");
}
