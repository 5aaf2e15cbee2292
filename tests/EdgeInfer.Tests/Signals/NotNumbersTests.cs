using System.Buffers.Binary;
using EdgeInfer.Signals;

namespace EdgeInfer.Tests.Signals;

/// <summary>Bit patterns as IEEE 754-2008, 3.4 has them: every bit of the exponent set and a fraction other than 0.</summary>
public sealed class NotNumbersTests
{
    [Theory]
    [InlineData(0x7FC00000u)]
    [InlineData(0xFFC00000u)]
    [InlineData(0x7F800001u)]
    [InlineData(0xFFFFFFFFu)]
    public void A_NaN_of_binary32_is_found_at_every_place(uint bits)
    {
        for (int length = 1; length <= 35; length++)
        {
            for (int at = 0; at < length; at++)
            {
                byte[] bytes = new byte[length * 4];
                BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at * 4), bits);
                Assert.True(NotNumbers.AreIn(ElementType.Float32, bytes), $"{at} of {length}");
            }
        }
    }

    [Theory]
    [InlineData(0x7F800000u)] // infinity
    [InlineData(0xFF800000u)]
    [InlineData(0x7F7FFFFFu)] // the largest finite
    [InlineData(0x00000001u)] // the smallest subnormal
    [InlineData(0x80000000u)] // minus 0
    public void What_is_a_number_of_binary32_is_not(uint bits)
    {
        byte[] bytes = new byte[33 * 4];
        for (int i = 0; i < 33; i++) BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(i * 4), bits);
        Assert.False(NotNumbers.AreIn(ElementType.Float32, bytes));
    }

    [Theory]
    [InlineData(0x7E00, true)]
    [InlineData(0xFC01, true)]
    [InlineData(0x7C00, false)] // infinity
    [InlineData(0xFC00, false)]
    [InlineData(0x7BFF, false)] // 65504
    public void Binary16_is_looked_at_too(int bits, bool isFound)
    {
        byte[] bytes = new byte[10];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(8), (ushort)bits);
        Assert.Equal(isFound, NotNumbers.AreIn(ElementType.Float16, bytes));
    }

    [Theory]
    [InlineData(0x7FF8000000000000ul, true)]
    [InlineData(0x7FF0000000000001ul, true)]
    [InlineData(0x7FF0000000000000ul, false)] // infinity
    public void And_binary64(ulong bits, bool isFound)
    {
        for (int at = 0; at < 9; at++)
        {
            byte[] bytes = new byte[9 * 8];
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(at * 8), bits);
            Assert.Equal(isFound, NotNumbers.AreIn(ElementType.Float64, bytes));
        }
    }

    [Fact]
    public void Whole_numbers_are_numbers()
    {
        byte[] bytes = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];
        Assert.All([ElementType.Int8, ElementType.UInt8, ElementType.Int32, ElementType.Int64, ElementType.Bool], type => Assert.False(NotNumbers.AreIn(type, bytes)));
    }
}
