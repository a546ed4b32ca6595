// What happens in a folder, by inotify: a flush of its entries is seen as its being opened.
using System.Runtime.InteropServices;
using System.Text;

namespace RobustTickets.Tests.Runs;

internal sealed class FolderWatch : IDisposable
{
    private const int NonBlocking = 0x800;
    private const uint Opened = 0x20,
        MovedTo = 0x80,
        Created = 0x100,
        Deleted = 0x200,
        Folder = 0x40000000;

    private readonly int _queue = Inotify(NonBlocking);

    public FolderWatch(string folder)
    {
        if (_queue < 0 || Add(_queue, folder, Opened | MovedTo | Created | Deleted) < 0)
            throw new InvalidOperationException($"{folder}: cannot be watched");
    }

    /// <summary>
    /// What happened since: <c>open .</c> for the folder itself, else <c>create</c>, <c>move</c> or
    /// <c>delete</c> and a name.
    /// </summary>
    public List<string> Events()
    {
        var events = new List<string>();
        var buffer = new byte[1 << 16];
        for (nint count; (count = Read(_queue, buffer, buffer.Length)) > 0; )
        {
            for (var at = 0; at < count; )
            {
                var mask = BitConverter.ToUInt32(buffer, at + 4);
                var length = BitConverter.ToInt32(buffer, at + 12);
                var name = Encoding.UTF8.GetString(buffer, at + 16, length).TrimEnd('\0');
                at += 16 + length;
                if ((mask & Opened) != 0 && (mask & Folder) != 0 && name.Length == 0)
                    events.Add("open .");
                else if ((mask & (MovedTo | Created | Deleted)) is not 0 and var what)
                    events.Add($"{(what == MovedTo ? "move" : what == Created ? "create" : "delete")} {name}");
            }
        }
        return events;
    }

    public void Dispose() => _ = Close(_queue);

    [DllImport("libc", EntryPoint = "inotify_init1")]
    private static extern int Inotify(int flags);

    [DllImport("libc", EntryPoint = "inotify_add_watch")]
    private static extern int Add(int queue, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, uint mask);

    [DllImport("libc", EntryPoint = "read")]
    private static extern nint Read(int queue, byte[] buffer, nint count);

    [DllImport("libc", EntryPoint = "close")]
    private static extern int Close(int queue);
}
